-- The feeds with this id or the beginning of it, or with this name; null: every feed, the newest last.
select f.id, f.name, c.slug as clinic, f.clinic_id, f.columns, f.provider, f.names, f.days_back, f.days_ahead,
    f.created_at, f.created_by, f.expires_at, f.last_used_at, f.revoked_at
from idexx_sync.calendar_feeds f join public.clinics c on c.id = f.clinic_id
where $1::text is null or f.name = $1 or (length($1) >= 4 and starts_with(f.id::text, lower($1)))
order by f.created_at, f.id

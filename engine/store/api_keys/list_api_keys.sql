-- The keys with this id or the beginning of it, or with this name; null: every key, the newest last.
select k.id, k.name, c.slug as clinic, k.clinic_id, k.rights, k.created_at, k.created_by, k.expires_at, k.last_used_at,
    k.revoked_at
from idexx_sync.api_keys k left join public.clinics c on c.id = k.clinic_id
where $1::text is null or k.name = $1 or (length($1) >= 4 and starts_with(k.id::text, lower($1)))
order by k.created_at, k.id

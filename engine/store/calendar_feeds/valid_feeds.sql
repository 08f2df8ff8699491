select f.token_hash, f.id, f.name, c.slug as clinic, f.clinic_id, f.columns, f.provider, f.names, f.days_back,
    f.days_ahead, f.created_at, f.created_by, f.expires_at, f.last_used_at, f.revoked_at
from idexx_sync.calendar_feeds f join public.clinics c on c.id = f.clinic_id
where f.revoked_at is null and (f.expires_at is null or f.expires_at > clock_timestamp())

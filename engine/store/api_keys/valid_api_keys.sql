select k.key_hash, k.id, k.name, c.slug as clinic, k.clinic_id, k.rights, k.created_at, k.created_by, k.expires_at,
    k.last_used_at, k.revoked_at
from idexx_sync.api_keys k left join public.clinics c on c.id = k.clinic_id
where k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())

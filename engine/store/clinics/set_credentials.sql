with stored as (
    insert into idexx_sync.sealed_credentials (clinic_id, key_id, sealed)
    values ($1, $2, $3)
    on conflict (clinic_id) do update set key_id = excluded.key_id, sealed = excluded.sealed, updated_at = now()
    returning clinic_id
)
update public.clinics set login_failure = null
from stored
where clinics.id = stored.clinic_id

-- What was learnt of another portal, and the session with it, ends with its address.
with before as (
    select address is distinct from $4 or (origin is not null and origin is distinct from $5) as has_moved
    from idexx_sync.sealed_credentials where clinic_id = $1
), stored as (
    insert into idexx_sync.sealed_credentials (clinic_id, key_id, sealed, address, origin)
    values ($1, $2, $3, $4, $5)
    on conflict (clinic_id) do update
    set key_id = excluded.key_id, sealed = excluded.sealed, address = excluded.address, origin = excluded.origin,
        updated_at = now()
    returning clinic_id
), ended as (
    delete from idexx_sync.idexx_sessions where clinic_id = $1 and (select has_moved from before)
), forgotten as (
    delete from idexx_sync.clinic_portals where clinic_id = $1 and (select has_moved from before)
)
update public.clinics set login_failure = null
from stored
where clinics.id = stored.clinic_id

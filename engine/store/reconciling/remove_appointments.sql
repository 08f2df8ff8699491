-- Marks appointments as removed: the row keeps its values.
with removed as (
    update public.schedule_appointments a set deleted_at = now()
    where a.clinic_id = $1 and a.id = any ($3::uuid[]) and a.deleted_at is null
    returning a.*
), changes as (
    insert into idexx_sync.schedule_appointment_changes (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, before)
    select $1::uuid, $2::uuid, r.id, r.neo_appointment_id, 'removed', idexx_sync.appointment_values(r) from removed r
)
select date, count(*)::integer as count from removed group by date order by date

-- Marks appointments as removed, each with the proof and the reason: the row keeps its values.
with removed as (
    update public.schedule_appointments a
    set deleted_at = now(), removal_proof = why.proof, removal_reason = why.reason
    from unnest($3::uuid[], $4::text[], $5::text[]) why (id, proof, reason)
    where a.clinic_id = $1 and a.id = why.id and a.deleted_at is null
    returning a.*
), changes as (
    insert into idexx_sync.schedule_appointment_changes (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, before)
    select $1::uuid, $2::uuid, r.id, r.neo_appointment_id, 'removed', idexx_sync.appointment_values(r) from removed r
)
select date, count(*)::integer as count from removed group by date order by date

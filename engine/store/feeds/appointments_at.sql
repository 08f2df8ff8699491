-- The appointments at position $2: those that are stored, except that each later change is taken back.
with newer as materialized (
    select distinct on (h.appointment_id) h.appointment_id, h.neo_appointment_id, h.kind, h.before
    from idexx_sync.schedule_appointment_changes h
    where h.clinic_id = $1 and (h.position > $2 or h.position is null)
    order by h.appointment_id, h.position nulls last, h.id
), found as (
    select a.id as appointment_id, a.neo_appointment_id, a.date, a.start_time, a.end_time, a.room_id, a.status
    from public.schedule_appointments a
    where a.clinic_id = $1 and a.deleted_at is null and a.id > $3
        and not exists (select from newer n where n.appointment_id = a.id)
    union all
    select n.appointment_id, n.neo_appointment_id, (n.before).date, (n.before).start_time, (n.before).end_time,
        (n.before).room_id, (n.before).status
    from newer n where n.kind in ('updated', 'moved', 'removed') and n.appointment_id > $3
)
select * from found order by appointment_id limit $4

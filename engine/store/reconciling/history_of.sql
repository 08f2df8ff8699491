-- Every change of an appointment, oldest first, by its id here or at the portal.
select c.id, c.sync_id, c.appointment_id, c.neo_appointment_id, c.kind, c.is_undo, c.at,
    to_jsonb(c.before) as before, to_jsonb(c.after) as after
from idexx_sync.schedule_appointment_changes c
where c.clinic_id = $1 and c.appointment_id in (
    select id from public.schedule_appointments
    where clinic_id = $1 and (neo_appointment_id = $2 or id::text = $2)
)
order by c.id

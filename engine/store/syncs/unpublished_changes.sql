-- Ids, dates and times only: no name leaves the database.
select h.id, h.kind, h.sync_id, h.appointment_id, h.neo_appointment_id, h.at, c.slug as clinic,
    (select jsonb_object_agg(key, value) from jsonb_each(h.before) where key in ('date', 'start_time', 'end_time', 'room_id', 'status')) as before,
    (select jsonb_object_agg(key, value) from jsonb_each(h.after) where key in ('date', 'start_time', 'end_time', 'room_id', 'status')) as after
from schedule_appointment_changes h join clinics c on c.id = h.clinic_id
where h.clinic_id = $1 and h.published_at is null
order by h.id
limit $2

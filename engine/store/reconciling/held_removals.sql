-- The held removals of a sync that are undecided and whose absence still lasts.
select a.id, a.neo_appointment_id, a.date, a.start_time, a.end_time, a.appointment_type, a.provider_name,
    a.patient_name, a.client_name, a.client_phone, a.client_phone_raw, a.missing_since, true as is_held
from idexx_sync.schedule_held_removals h
join public.schedule_appointments a on a.id = h.appointment_id and a.deleted_at is null and a.missing_since = h.missing_since
where h.sync_id = $1 and h.decided_at is null
order by a.date, a.start_time, a.neo_appointment_id

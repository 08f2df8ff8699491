-- The appointments of a dry run's plan ($3: their ids) as its snapshots show them, and as they are stored.
select a ->> 'neo_appointment_id' as neo_appointment_id, a ->> 'date' as date, true as is_after,
    a ->> 'patient_name' as patient_name, a ->> 'client_name' as client_name, a ->> 'provider_name' as provider_name,
    a ->> 'room_id' as room_id, a ->> 'appointment_type' as appointment_type, a ->> 'status' as status,
    a ->> 'notes' as notes
from idexx_sync.schedule_snapshots s cross join lateral jsonb_array_elements(s.appointments) a
where s.sync_id = $1 and a ->> 'neo_appointment_id' = any ($3)
union all
select neo_appointment_id, date::text, false, patient_name, client_name, provider_name, room_id, appointment_type,
    status, notes
from public.schedule_appointments where clinic_id = $2 and deleted_at is null and neo_appointment_id = any ($3)

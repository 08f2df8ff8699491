update idexx_sync.schedule_second_sightings
set appointment = jsonb_populate_record(appointment, $4::jsonb)
where clinic_id = $1 and (neo_appointment_id = any ($2) or (appointment).client_phone = any ($3))

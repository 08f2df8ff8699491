-- The date no longer shows these appointments, whose rows are on other dates: their move is over.
delete from idexx_sync.schedule_second_sightings where clinic_id = $1 and date = $2 and neo_appointment_id = any ($3::text[])

-- The date no longer shows these, and their rows stand elsewhere: their move is over.
delete from schedule_second_sightings where clinic_id = $1 and date = $2 and neo_appointment_id = any ($3::text[])

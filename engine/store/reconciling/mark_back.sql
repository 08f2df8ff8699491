-- Appointments that a look at their date had not seen, and that are there again as they were.
update schedule_appointments set missing_since = null
where clinic_id = $1 and date = $2 and neo_appointment_id = any ($3::text[]) and deleted_at is null

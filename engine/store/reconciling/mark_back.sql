-- Appointments that an earlier scrape of their date had missed, and that are back unchanged.
update public.schedule_appointments set missing_since = null
where clinic_id = $1 and date = $2 and neo_appointment_id = any ($3::text[]) and deleted_at is null

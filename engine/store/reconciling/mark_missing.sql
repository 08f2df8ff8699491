-- Marks appointments that the newest scrape of their date does not show; the end of a sync decides about removals.
update public.schedule_appointments set missing_since = $3
where clinic_id = $1 and date = $2 and neo_appointment_id = any ($4::text[]) and deleted_at is null
returning id

-- Appointments of the date that its newest scrape does not show; whether they are removed is decided at the
-- end of a sync.
update schedule_appointments set missing_since = $3
where clinic_id = $1 and date = $2 and neo_appointment_id = any ($4::text[]) and deleted_at is null
returning id

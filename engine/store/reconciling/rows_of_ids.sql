select a.* from public.schedule_appointments a
where a.clinic_id = $1 and a.neo_appointment_id = any ($2::text[]) and a.deleted_at is null

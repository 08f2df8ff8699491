select * from public.schedule_appointments
where clinic_id = $1 and id = any ($2::uuid[]) and deleted_at is null

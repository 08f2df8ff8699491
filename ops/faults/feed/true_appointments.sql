select a.id::text as id, a.neo_appointment_id, a.date::text, a.start_time::text, a.end_time::text, a.room_id, a.status
from public.schedule_appointments a join idexx_sync.clinic_settings c on c.id = a.clinic_id
where c.slug = $1 and a.deleted_at is null

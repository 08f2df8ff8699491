select a.neo_appointment_id, a.date, a.start_time, a.end_time, a.starts_at, a.ends_at, a.patient_name, a.client_name,
    a.client_phone, a.provider_name, a.room_id, a.appointment_type, a.status, a.notes
from public.schedule_appointments a join idexx_sync.clinic_settings c on c.id = a.clinic_id
where c.slug = $1 and a.date between $2 and $3 and a.deleted_at is null

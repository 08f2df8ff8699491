-- The row stays the same appointment, so no change is recorded.
update public.schedule_appointments a set neo_appointment_id = n.neo_appointment_id, sync_hash = n.sync_hash
from unnest($2::uuid[], $3::text[], $4::text[]) n (id, neo_appointment_id, sync_hash)
where a.clinic_id = $1 and a.id = n.id

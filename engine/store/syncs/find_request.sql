select id, status from public.schedule_syncs where clinic_id = $1 and request_id = $2

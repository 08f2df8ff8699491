-- Sends a heartbeat: a Coordinator has just looked after the sync.
update public.schedule_syncs set heartbeat_at = clock_timestamp() where id = $1

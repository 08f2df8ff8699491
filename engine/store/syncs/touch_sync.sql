-- A sign of life: somebody has just looked after it.
update schedule_syncs set heartbeat_at = clock_timestamp() where id = $1

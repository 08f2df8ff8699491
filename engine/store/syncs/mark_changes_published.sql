update idexx_sync.schedule_appointment_changes set published_at = clock_timestamp() where id = any($1)

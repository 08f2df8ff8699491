update idexx_sync.actions set published_at = clock_timestamp() where id = any($1)

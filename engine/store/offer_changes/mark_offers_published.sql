update idexx_sync.offer_changes set published_at = clock_timestamp() where id = any($1)

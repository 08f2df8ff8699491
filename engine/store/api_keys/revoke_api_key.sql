update idexx_sync.api_keys set revoked_at = clock_timestamp() where id = $1 and revoked_at is null

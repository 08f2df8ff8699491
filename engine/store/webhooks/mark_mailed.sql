update idexx_sync.webhook_deliveries set mailed_at = clock_timestamp() where id = any($1::uuid[])

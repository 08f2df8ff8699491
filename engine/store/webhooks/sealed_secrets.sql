select key_id, sealed, old_secret_until from idexx_sync.clinic_webhooks where clinic_id = $1

select key_id, sealed, old_secret_until from clinic_webhooks where clinic_id = $1

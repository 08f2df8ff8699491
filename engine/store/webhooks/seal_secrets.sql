update idexx_sync.clinic_webhooks set key_id = $2, sealed = $3, old_secret_until = $4 where clinic_id = $1

update idexx_sync.clinic_webhooks set sends_attention = $2 where clinic_id = $1

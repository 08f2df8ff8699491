update idexx_sync.clinic_webhooks set paused_at = coalesce(paused_at, now()), pause_reason = $2 where clinic_id = $1

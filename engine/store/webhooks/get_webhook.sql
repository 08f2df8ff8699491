select clinic_id, url, paused_at, pause_reason, old_secret_until, created_at, sends_attention
from idexx_sync.clinic_webhooks where clinic_id = $1

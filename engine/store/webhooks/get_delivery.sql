select d.id, c.slug as clinic, d.sync_id, d.event, d.url, d.state, d.attempts, d.status, d.reason, d.duration_ms,
    d.created_at, d.tried_at, d.finished_at, case when d.state = 'pending' then d.next_attempt_at end as next_attempt_at
from idexx_sync.webhook_deliveries d join idexx_sync.clinic_settings c on c.id = d.clinic_id
where d.id = $1

-- Begins the next try of a delivery, unless it is not due, not pending, or its webhook is paused. The try is
-- counted before it is made, and no other process begins one within $2 seconds.
update idexx_sync.webhook_deliveries d
set attempts = d.attempts + 1, url = w.url, tried_at = clock_timestamp(), mailed_at = null,
    next_attempt_at = clock_timestamp() + $2 * interval '1 second'
from idexx_sync.clinic_webhooks w join idexx_sync.clinic_settings c on c.id = w.clinic_id
where d.id = $1 and w.clinic_id = d.clinic_id and w.paused_at is null
    and d.state = 'pending' and d.next_attempt_at <= clock_timestamp()
returning d.id, d.clinic_id, c.slug as clinic, d.sync_id, d.event, d.url, d.body, d.attempts, d.queued_at,
    d.tried_at as now

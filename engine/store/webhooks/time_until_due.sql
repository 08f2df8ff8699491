-- Seconds until a try of a delivery may be made; null if it is not pending, or its webhook is paused.
select greatest(extract(epoch from d.next_attempt_at - clock_timestamp()), 0)::float8
from idexx_sync.webhook_deliveries d join idexx_sync.clinic_webhooks w on w.clinic_id = d.clinic_id
where d.id = $1 and d.state = 'pending' and w.paused_at is null

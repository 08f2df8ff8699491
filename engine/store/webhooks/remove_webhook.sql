with removed as (
    delete from idexx_sync.clinic_webhooks where clinic_id = $1 returning clinic_id
)
update idexx_sync.webhook_deliveries d
set state = 'failed', reason = $2, finished_at = clock_timestamp()
from removed
where d.clinic_id = removed.clinic_id and d.state = 'pending'

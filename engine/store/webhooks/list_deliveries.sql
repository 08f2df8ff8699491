select id, sync_id, event, url, state, attempts, status, reason, duration_ms, created_at, tried_at, finished_at,
    case when state = 'pending' then next_attempt_at end as next_attempt_at
from idexx_sync.webhook_deliveries
where clinic_id = $1
order by created_at desc, id
limit $2

-- Due deliveries that were not sent to the notifier, or sent so long ago ($1 seconds) that the message must be
-- lost; of one sync, or of all ($2 null). Locked, so that each is sent once.
select d.id
from idexx_sync.webhook_deliveries d join idexx_sync.clinic_webhooks w on w.clinic_id = d.clinic_id
where d.state = 'pending' and d.next_attempt_at <= clock_timestamp() and w.paused_at is null
    and ($2::uuid is null or d.sync_id = $2)
    and (
        d.mailed_at is null
        or greatest(d.mailed_at, d.next_attempt_at) < clock_timestamp() - $1 * interval '1 second'
    )
order by d.next_attempt_at
limit $3
for update of d skip locked

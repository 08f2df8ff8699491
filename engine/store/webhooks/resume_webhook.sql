-- Pending deliveries are due now; returns their number.
with resumed as (
    update idexx_sync.clinic_webhooks set paused_at = null, pause_reason = null where clinic_id = $1 returning clinic_id
), due as (
    update idexx_sync.webhook_deliveries d
    set next_attempt_at = clock_timestamp(), mailed_at = null
    from resumed
    where d.clinic_id = resumed.clinic_id and d.state = 'pending'
    returning d.id
)
select count(*) from due

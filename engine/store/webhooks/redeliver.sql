-- Restarts the delivery from the first try, with the same id and body, whatever its state.
update idexx_sync.webhook_deliveries
set state = 'pending', attempts = 0, status = null, reason = null, duration_ms = null, tried_at = null,
    finished_at = null, mailed_at = null, next_attempt_at = clock_timestamp(), queued_at = clock_timestamp()
where id = $1

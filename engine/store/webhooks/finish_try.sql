-- Records the result of try number $2, unless another one has begun. $7: seconds until the next one, if it is
-- pending.
update idexx_sync.webhook_deliveries
set state = $3, status = $4, reason = $5, duration_ms = $6,
    next_attempt_at = clock_timestamp() + $7 * interval '1 second',
    finished_at = case when $3 = 'pending' then null else clock_timestamp() end
where id = $1 and attempts = $2 and state = 'pending'

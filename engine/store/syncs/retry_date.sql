update schedule_sync_dates
set status = 'pending', dispatched_at = null, lead = null, claim = null, worker = null, reason = $5, message = $6,
    next_try_at = clock_timestamp() + make_interval(secs => $7),
    attempts = attempts - $8
where sync_id = $1 and date = $2 and claim = $3 and status = any($4)
returning attempts, next_try_at

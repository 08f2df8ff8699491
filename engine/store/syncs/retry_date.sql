-- If the portal was not asked ($9 false), the reason of an earlier try stays. Dates that are recorded together are due at
-- the same moment, so that one call can read them again.
update idexx_sync.schedule_sync_dates
set status = 'pending', dispatched_at = null, lead = null, claim = null, worker = null,
    reason = case when $9 then $5 else coalesce(reason, $5) end,
    message = case when $9 or reason is null then $6 else message end,
    next_try_at = now() + make_interval(secs => $7),
    attempts = attempts - $8
where sync_id = $1 and date = $2 and claim = $3 and status = any($4)
returning attempts, next_try_at

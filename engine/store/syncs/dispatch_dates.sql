update idexx_sync.schedule_sync_dates
set dispatches = dispatches + 1, dispatched_at = clock_timestamp(), lead = $3, next_try_at = null
where sync_id = $1 and date = any($2) and status = 'pending'

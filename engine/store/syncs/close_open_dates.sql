-- What a sync that ends early did not get to.
update schedule_sync_dates
set status = 'failed', reason = 'sync_ended', claim = null, next_try_at = null, finished_at = clock_timestamp()
where sync_id = $1 and status = any($2)

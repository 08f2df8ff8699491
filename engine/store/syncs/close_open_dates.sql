-- What a sync that ends early did not get to. A second look that is cut off leaves the date as reconciled as it was.
update schedule_sync_dates
set status = case when second_look then 'reconciled' else 'failed' end,
    reason = case when second_look then null else 'sync_ended' end,
    claim = null, next_try_at = null, finished_at = clock_timestamp()
where sync_id = $1 and status = any($2)

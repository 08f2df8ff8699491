-- If the portal was not asked ($7 false), the reason of an earlier try stays.
-- $3 null: failed by a caller that does not hold the date (its message died). A second look that fails leaves the
-- date reconciled, with the reason; $4 are the states from which a date may fail.
update idexx_sync.schedule_sync_dates
set status = case when second_look then 'reconciled' else 'failed' end, claim = null, next_try_at = null,
    reason = case when $7 then $5 else coalesce(reason, $5) end,
    message = case when $7 or reason is null then $6 else message end, finished_at = clock_timestamp()
where sync_id = $1 and date = $2 and ($3::uuid is null or claim = $3) and status = any($4)
returning status, attempts, reason, message,
    least(extract(epoch from clock_timestamp() - coalesce(started_at, clock_timestamp())) * 1000, 2147483647)::integer as duration_ms

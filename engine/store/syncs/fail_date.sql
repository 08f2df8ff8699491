-- $3 null: given up by someone who does not hold it (its message died).
update schedule_sync_dates
set status = 'failed', claim = null, reason = $5, message = $6, finished_at = clock_timestamp()
where sync_id = $1 and date = $2 and ($3::uuid is null or claim = $3) and status = any($4)
returning attempts, least(extract(epoch from clock_timestamp() - coalesce(started_at, clock_timestamp())) * 1000, 2147483647)::integer as duration_ms

update schedule_sync_dates
set status = 'reconciled', claim = null, finished_at = clock_timestamp(),
    added = added + $4, updated = updated + $5, unchanged = $6
where sync_id = $1 and date = $2 and status = any($3)
returning attempts, least(extract(epoch from clock_timestamp() - started_at) * 1000, 2147483647)::integer as duration_ms

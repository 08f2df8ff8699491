update idexx_sync.schedule_sync_dates d
set status = 'reconciled', claim = null, finished_at = clock_timestamp(),
    added = d.added + counts.added, updated = d.updated + counts.updated, unchanged = counts.unchanged
from unnest($3::date[], $4::integer[], $5::integer[], $6::integer[]) counts (date, added, updated, unchanged)
where d.sync_id = $1 and d.date = counts.date and d.status = any($2)
returning d.date, d.attempts,
    least(extract(epoch from clock_timestamp() - d.started_at) * 1000, 2147483647)::integer as duration_ms

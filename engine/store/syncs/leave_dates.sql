-- Records why a worker leaves the waiting dates of a span to others. `is_news`: the reason has changed.
with waiting as (
    select date, reason from idexx_sync.schedule_sync_dates
    where sync_id = $1 and coalesce(lead, date) = $2 and date = any($3) and status = 'pending'
    for no key update
)
update idexx_sync.schedule_sync_dates d
set reason = $4, message = $5
from waiting w
where d.sync_id = $1 and d.date = w.date
returning d.date, d.attempts, w.reason is distinct from $4 as is_news,
    clock_timestamp() + make_interval(secs => $6) as next_try_at

-- How many syncs run and wait, and how long the most silent of those that run has given no sign of life.
select
    count(*) filter (where status = 'in_progress') as running,
    count(*) filter (where status = 'queued') as queued,
    coalesce(
        extract(epoch from clock_timestamp() - min(heartbeat_at) filter (where status = 'in_progress')), 0
    )::float8 as silence_seconds
from schedule_syncs
where status in ('queued', 'in_progress')

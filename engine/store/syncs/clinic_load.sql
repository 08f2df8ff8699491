-- The numbers of running and queued syncs of the clinic, the typical duration of a sync, and how long the oldest
-- one has been running, in seconds.
select
    count(*) filter (where s.status = 'in_progress') as running,
    count(*) filter (where s.status = 'queued') as queued,
    (
        select avg(recent.duration_ms) / 1000.0
        from (
            select duration_ms from public.schedule_syncs
            where clinic_id = $1 and status = 'completed' and duration_ms is not null
            order by completed_at desc limit 5
        ) recent
    )::float8 as typical_seconds,
    extract(epoch from clock_timestamp() - min(s.started_at) filter (where s.status = 'in_progress'))::float8 as oldest_seconds
from public.schedule_syncs s
where s.clinic_id = $1 and s.status in ('queued', 'in_progress')

-- The numbers of running and queued syncs, and how long the most silent running one has sent no heartbeat. A sync
-- is alive while one of its dates is, as in need_attention.sql.
select
    count(*) filter (where s.status = 'in_progress') as running,
    count(*) filter (where s.status = 'queued') as queued,
    coalesce(extract(epoch from clock_timestamp() - min(alive.at) filter (where s.status = 'in_progress')), 0)::float8
        as silence_seconds
from public.schedule_syncs s
cross join lateral (
    select greatest(s.heartbeat_at, max(d.heartbeat_at)) as at
    from idexx_sync.schedule_sync_dates d
    where d.sync_id = s.id and d.status = 'scraping'
) alive
where s.status in ('queued', 'in_progress')

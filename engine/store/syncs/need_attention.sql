-- Syncs that may lack a worker: overdue, silent, or queued although a place is free. A sync is alive while one of
-- its dates is.
select s.id from public.schedule_syncs s
where s.status = 'in_progress'
    and (
        s.deadline_at < clock_timestamp()
        or greatest(
            s.heartbeat_at,
            (select max(d.heartbeat_at) from idexx_sync.schedule_sync_dates d where d.sync_id = s.id and d.status = 'scraping')
        ) < clock_timestamp() - make_interval(secs => $2)
    )
union all
select first.id from (
    select distinct on (q.clinic_id) q.id, q.clinic_id from public.schedule_syncs q
    where q.status = 'queued' order by q.clinic_id, q.created_at, q.id
) first
where (select count(*) from public.schedule_syncs r where r.clinic_id = first.clinic_id and r.status = 'in_progress') < $1

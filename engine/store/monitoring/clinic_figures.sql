-- Every clinic that can be synced: when its last sync completed, when the oldest open date of that sync was last
-- read (unix seconds, 0: never), whether the portal rejects its sign-in, how many removals wait for a person, its
-- freshness goal (seconds, or null), how long its oldest running sync has run (seconds, 0: none runs), and, if the
-- last sync that ended left anything out, the main cause: the most frequent reason of its dates, or how it ended.
select
    c.slug,
    coalesce(extract(epoch from last.completed_at), 0)::float8 as last_success,
    coalesce(extract(epoch from last.fresh_as_of), 0)::float8 as fresh_as_of,
    c.login_failure is not null as login_rejected,
    c.max_age_seconds,
    (
        select count(distinct h.appointment_id)
        from idexx_sync.schedule_held_removals h join public.schedule_appointments a on a.id = h.appointment_id
        where a.clinic_id = c.id and h.decided_at is null
            and a.missing_since = h.missing_since and a.deleted_at is null
    ) as removals_held,
    coalesce(
        (
            select extract(epoch from clock_timestamp() - min(s.started_at)) from idexx_sync.syncs s
            where s.clinic_id = c.id and s.status = 'in_progress'
        ), 0
    )::float8 as running_seconds,
    case
        when ended.status = 'timed_out' then ended.status
        when ended.status = 'failed' or ended.partial_success then coalesce(
            (
                select d.reason from idexx_sync.schedule_sync_dates d
                where d.sync_id = ended.id and d.status = 'failed' and d.reason is not null
                group by d.reason
                -- Dates that the end of the sync closed do not show what ended it.
                order by d.reason = 'sync_ended', count(*) desc, d.reason
                limit 1
            ), 'failed'
        )
    end as failing
from idexx_sync.clinic_settings c
join idexx_sync.sealed_credentials k on k.clinic_id = c.id
left join lateral (
    select s.completed_at, s.fresh_as_of from idexx_sync.syncs s
    where s.clinic_id = c.id and s.status = 'completed' and not s.dry_run
    order by s.completed_at desc
    limit 1
) last on true
left join lateral (
    select s.id, s.status, s.partial_success from idexx_sync.syncs s
    where s.clinic_id = c.id and s.status in ('completed', 'failed', 'timed_out') and not s.dry_run
    order by s.created_at desc
    limit 1
) ended on true
order by c.slug

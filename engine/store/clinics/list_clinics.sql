-- A clinic is as fresh as the oldest open date of its last completed sync; the last sync that ended in any way
-- shows why it is not fresher.
select
    c.id,
    c.slug,
    c.name,
    coalesce(c.timezone, '') as timezone,
    c.timezone_problem,
    c.country,
    c.login_failure,
    c.max_age_seconds,
    k.clinic_id is not null as has_credentials,
    k.address as portal,
    last.completed_at as last_completed_at,
    last.partial_success as last_partial,
    last.fresh_as_of,
    ended.status as last_ended_status,
    ended.error_message as last_ended_message,
    (
        select count(distinct h.appointment_id)
        from idexx_sync.schedule_held_removals h join public.schedule_appointments a on a.id = h.appointment_id
        where a.clinic_id = c.id and h.decided_at is null
            and a.missing_since = h.missing_since and a.deleted_at is null
    ) as removals_held,
    (select count(*) from public.schedule_appointments a where a.clinic_id = c.id and a.deleted_at is null) as appointments
from idexx_sync.clinic_settings c
left join idexx_sync.sealed_credentials k on k.clinic_id = c.id
left join lateral (
    select s.completed_at, s.partial_success, s.fresh_as_of
    from idexx_sync.syncs s
    where s.clinic_id = c.id and s.status = 'completed' and not s.dry_run
    order by s.completed_at desc
    limit 1
) last on true
left join lateral (
    select s.status, s.error_message
    from idexx_sync.syncs s
    where s.clinic_id = c.id and s.completed_at is not null and not s.dry_run
    order by s.created_at desc
    limit 1
) ended on true
order by c.slug

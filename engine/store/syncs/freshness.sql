select
    s.completed_at as last_completed_at,
    s.id as last_completed_sync,
    s.partial_success as last_was_partial,
    s.fresh_as_of,
    extract(epoch from clock_timestamp() - s.completed_at)::float8 as age_seconds,
    c.login_failure,
    c.max_age_seconds,
    c.horizon_days
from idexx_sync.clinic_settings c
left join lateral (
    select id, completed_at, partial_success, fresh_as_of from idexx_sync.syncs
    where clinic_id = c.id and status = 'completed' and not dry_run
    order by completed_at desc limit 1
) s on true
where c.id = $1

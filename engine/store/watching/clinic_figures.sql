-- Every clinic that can be synced: when it was last in line with the portal (unix seconds, 0: never), whether the
-- portal lets it in, how many removals wait for a person to decide, and how old it may become (seconds, or null).
select
    c.slug,
    coalesce(extract(epoch from last.completed_at), 0)::float8 as last_success,
    c.login_failure is not null as login_rejected,
    c.max_age_seconds,
    (
        select count(distinct h.appointment_id)
        from schedule_held_removals h join schedule_appointments a on a.id = h.appointment_id
        where a.clinic_id = c.id and h.decided_at is null
            and a.missing_since = h.missing_since and a.deleted_at is null
    ) as removals_held
from clinics c
join idexx_credentials k on k.clinic_id = c.id
left join lateral (
    select s.completed_at from schedule_syncs s
    where s.clinic_id = c.id and s.status = 'completed' and not s.dry_run
    order by s.completed_at desc
    limit 1
) last on true
order by c.slug

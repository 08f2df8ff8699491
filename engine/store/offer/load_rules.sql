-- A clinic's rules, and who set each of them when.
select c.resources as columns, r.grid_minutes, r.default_minutes, r.notice_minutes, r.horizon_days, r.max_age_seconds,
    r.conflicts, lists.bookable, lists.blocks, lists.closed_days, lists.types, lists.origins
from public.clinics c
left join idexx_sync.clinic_rules r on r.clinic_id = c.id
cross join lateral (
    select
        (select json_agg(json_build_array(w.weekday, w.from_minute, w.to_minute))
            from idexx_sync.bookable_windows w where w.clinic_id = c.id) as bookable,
        (select json_agg(json_build_array(b.weekday, b.from_minute, b.to_minute, coalesce(b.reason, '')))
            from idexx_sync.recurring_blocks b where b.clinic_id = c.id) as blocks,
        (select json_agg(json_build_array(d.date, coalesce(d.reason, '')))
            from idexx_sync.closed_days d where d.clinic_id = c.id) as closed_days,
        (select json_agg(json_build_array(t.type, t.minutes, t.counts, t.columns))
            from idexx_sync.type_rules t where t.clinic_id = c.id) as types,
        (select json_object_agg(o.rule, json_build_array(o.set_by, o.set_at))
            from idexx_sync.rule_origins o where o.clinic_id = c.id) as origins
) lists
where c.id = $1

-- What applies where a clinic has no rule, and the recurring blocks that another program stored.
select t.slot_minutes as grid_minutes,
    case when p.slot_minutes is not null then 'the portal''s slot interval'
        when k.slot_duration_minutes is not null then 'clinic_schedule_config'
        else 'the portal''s interval was never read' end as grid_source,
    coalesce(c.max_age_seconds, 3600) as max_age_seconds, c.max_age_seconds is not null as has_goal, t.default_capacity,
    (select json_agg(json_build_array(b.days_of_week, (extract(epoch from b.start_time) / 60)::integer,
            (extract(epoch from b.end_time) / 60)::integer, b.name) order by b.start_time, b.name)
        from public.clinic_blocked_periods b where b.clinic_id = c.id and b.is_active) as blocks
from idexx_sync.clinic_settings c
join idexx_sync.offer_terms t on t.clinic_id = c.id
left join idexx_sync.clinic_portal_config p on p.clinic_id = c.id
left join public.clinic_schedule_config k on k.clinic_id = c.id and not k.from_portal
where c.id = $1

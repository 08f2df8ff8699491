-- A clinic's stored configuration, with its opening hours in order; no row if nothing is known. What the portal never
-- named comes from the configuration of another program, if there is one.
select coalesce(p.slot_minutes, o.slot_duration_minutes) as slot_minutes, p.rooms, p.appointment_types, p.providers,
    o.default_capacity, p.source, p.read_at, p.hours_read_at,
    coalesce(h.weekdays, f.weekdays) as weekdays, coalesce(h.opens, f.opens) as opens, coalesce(h.closes, f.closes) as closes
from (select $1::uuid as clinic_id) c
left join idexx_sync.clinic_portal_config p using (clinic_id)
left join public.clinic_schedule_config o on o.clinic_id = c.clinic_id and not o.from_portal
cross join lateral (
    select array_agg(weekday order by weekday, opens_minute) as weekdays,
        array_agg(opens_minute order by weekday, opens_minute) as opens,
        array_agg(closes_minute order by weekday, opens_minute) as closes
    from idexx_sync.clinic_open_hours where clinic_id = c.clinic_id
) h
cross join lateral (
    select array_agg(day::smallint order by day) as weekdays, array_agg(t.opens order by day) as opens,
        array_agg(case when t.closes > t.opens then t.closes else (t.closes + 1440)::smallint end order by day) as closes
    from (select distinct unnest(o.days_of_week) as day) d
    cross join lateral (
        select (extract(epoch from o.open_time) / 60)::smallint as opens,
            (extract(epoch from o.close_time) / 60)::smallint as closes
    ) t
    where day between 0 and 6
) f
where p.clinic_id is not null or o.clinic_id is not null

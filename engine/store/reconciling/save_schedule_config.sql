-- The envelope of a clinic's hours, for programs that read it; writes nothing if hours or slot interval are
-- unknown, nor over the configuration of another program. A time of day ends before 24:00, so hours that last until
-- midnight or beyond it end at 23:59 here.
insert into public.clinic_schedule_config as stored
    (clinic_id, open_time, close_time, days_of_week, slot_duration_minutes, timezone, from_portal)
select p.clinic_id, make_time(h.opens / 60, h.opens % 60, 0), make_time(h.closes / 60, h.closes % 60, 0),
    h.days_of_week, least(p.slot_minutes, 120), c.timezone, true
from idexx_sync.clinic_portal_config p
join idexx_sync.clinic_settings c on c.id = p.clinic_id and c.timezone is not null
cross join lateral (
    select min(day.opens) as opens, max(day.closes) as closes,
        array_agg(distinct day.weekday::integer order by day.weekday::integer) as days_of_week
    from idexx_sync.clinic_open_hours o cross join lateral (
        values (o.weekday, o.opens_minute::integer, least(o.closes_minute::integer, 1439)),
            (((o.weekday + 1) % 7)::smallint, 0, o.closes_minute - 1440)
    ) day (weekday, opens, closes)
    where o.clinic_id = p.clinic_id and day.closes > day.opens
) h
where p.clinic_id = $1 and p.slot_minutes is not null and h.opens is not null
on conflict (clinic_id) do update set open_time = excluded.open_time, close_time = excluded.close_time,
    days_of_week = excluded.days_of_week, slot_duration_minutes = excluded.slot_duration_minutes,
    timezone = excluded.timezone
where stored.from_portal
    and (stored.open_time, stored.close_time, stored.days_of_week, stored.slot_duration_minutes, stored.timezone)
        is distinct from (excluded.open_time, excluded.close_time, excluded.days_of_week,
            excluded.slot_duration_minutes, excluded.timezone)

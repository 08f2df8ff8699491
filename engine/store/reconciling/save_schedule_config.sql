-- The envelope of a clinic's hours, for programs that read it; writes nothing if hours or slot interval are
-- unknown. A time of day ends before 24:00, so hours that last until midnight or beyond it end at 23:59 here.
insert into clinic_schedule_config as stored (clinic_id, opens, closes, days_of_week, slot_minutes, rooms)
select p.clinic_id, make_time(h.opens / 60, h.opens % 60, 0), make_time(h.closes / 60, h.closes % 60, 0),
    h.days_of_week, p.slot_minutes, p.rooms
from clinic_portal_config p cross join lateral (
    select min(day.opens) as opens, max(day.closes) as closes,
        array_agg(distinct day.weekday order by day.weekday) as days_of_week
    from clinic_open_hours o cross join lateral (
        values (o.weekday, o.opens_minute::integer, least(o.closes_minute::integer, 1439)),
            (((o.weekday + 1) % 7)::smallint, 0, o.closes_minute - 1440)
    ) day (weekday, opens, closes)
    where o.clinic_id = p.clinic_id and day.closes > day.opens
) h
where p.clinic_id = $1 and p.slot_minutes is not null and h.opens is not null
on conflict (clinic_id) do update set opens = excluded.opens, closes = excluded.closes,
    days_of_week = excluded.days_of_week, slot_minutes = excluded.slot_minutes, rooms = excluded.rooms, updated_at = now()
where (stored.opens, stored.closes, stored.days_of_week, stored.slot_minutes, stored.rooms)
    is distinct from (excluded.opens, excluded.closes, excluded.days_of_week, excluded.slot_minutes, excluded.rooms)

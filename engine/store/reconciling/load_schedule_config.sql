-- A clinic's stored configuration, with its opening hours in order; no row if nothing was ever read.
select p.slot_minutes, p.rooms, p.appointment_types, p.providers, p.source, p.read_at, p.hours_read_at,
    h.weekdays, h.opens, h.closes
from clinic_portal_config p cross join lateral (
    select array_agg(weekday order by weekday, opens_minute) as weekdays,
        array_agg(opens_minute order by weekday, opens_minute) as opens,
        array_agg(closes_minute order by weekday, opens_minute) as closes
    from clinic_open_hours where clinic_id = p.clinic_id
) h
where p.clinic_id = $1

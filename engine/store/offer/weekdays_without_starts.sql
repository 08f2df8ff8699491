-- The weekdays that have bookable times, none of which has a start of the grid while the clinic is open.
select distinct w.weekday
from idexx_sync.bookable_windows w
where w.clinic_id = $1 and exists (select from idexx_sync.open_hours($1))
    and not exists (
        select from idexx_sync.offer_terms t
        cross join lateral (select coalesce(t.grid_minutes, t.slot_minutes) as step) g
        join idexx_sync.bookable_windows b on b.clinic_id = t.clinic_id and b.weekday = w.weekday
        join idexx_sync.open_hours($1) h on h.weekday = b.weekday
        where t.clinic_id = $1
            and ceil(greatest(b.from_minute, h.from_minute)::numeric / g.step) * g.step < least(b.to_minute, h.to_minute)
    )

-- Looks for conflicts on the dates of a sync that have bookings, in order; moves bookings only if the clinic allows it.
select count(*)::integer as detected, count(c.new_time)::integer as resolved
from (
    select distinct b.date from public.vapi_bookings b
    where b.clinic_id = $1 and b.date = any ($2::date[]) and b.status in ('pending', 'confirmed', 'rescheduled')
    order by b.date
) day
cross join lateral idexx_sync.settle_conflicts($1, day.date, coalesce(
    (select r.conflicts = 'move' from idexx_sync.clinic_rules r where r.clinic_id = $1), true
)) c

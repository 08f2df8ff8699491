-- Recounts the days from yesterday on that have holds which expired within the last $1 seconds (null: at any time).
select coalesce(sum(idexx_sync.recount_slots(day.clinic_id, day.date, day.date)), 0)::integer
from (
    select distinct clinic_id, date from public.vapi_bookings
    where status = 'pending' and hold_expires_at <= now() and date >= current_date - 1
        and ($1::double precision is null or hold_expires_at > now() - make_interval(secs => $1))
    order by clinic_id, date
) day

-- A clinic's bookings by telephone that are not cancelled, from today on or ($2) of any day.
select b.id, c.slug as clinic, b.confirmation_number, b.date, b.start_time, l.state, l.takes_place, b.has_conflict,
    b.hold_expires_at, b.created_at, b.client_name, b.client_phone, b.patient_name, b.reason
from idexx_sync.clinic_settings c
cross join lateral (
    select case when $2 then date '0001-01-01' else (now() at time zone coalesce(c.timezone, 'UTC'))::date end as day
) first
join idexx_sync.live_bookings(c.id, first.day, date '9999-12-31') l on true
join public.vapi_bookings b on b.id = l.booking_id
where c.id = $1
order by b.date, b.start_time, b.created_at, b.id

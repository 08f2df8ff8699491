-- A booking by its id or its confirmation number, locked; `state` is null if it is cancelled.
select b.id, b.clinic_id, b.date, b.start_time, b.status, l.state, l.ends
from public.vapi_bookings b
left join lateral idexx_sync.live_bookings(b.clinic_id, b.date, b.date) l on l.booking_id = b.id
where b.id::text = lower($1) or b.confirmation_number = upper($1)
for no key update of b

-- Newest first; $2 null: of all syncs and bookings of the clinic.
select id, at, who, source, verb, clinic, sync_id, booking_id, removals, outcome
from idexx_sync.actions
where clinic_id = $1 and ($2::uuid is null or sync_id = $2)
order by at desc, id
limit $3

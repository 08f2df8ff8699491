select id, at, who, source, verb, clinic, sync_id, booking_id, removals, outcome
from idexx_sync.actions
where clinic_id = $1 and outcome is not null and published_at is null
order by at, id
limit $2

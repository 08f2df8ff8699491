-- What was offered on a date, and when that changed, newest first; with $3 at one time.
select kind, starts_at, start_time, column_count, column_count_before, cause, sync_id, booking_id, rule, at
from idexx_sync.offer_changes
where clinic_id = $1 and date = $2 and ($3::time is null or start_time = $3)
order by id desc
limit $4

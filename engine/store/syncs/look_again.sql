-- Puts dates back for a second look, not before a given time, before anything is removed. They stay counted as
-- done.
update idexx_sync.schedule_sync_dates
set status = 'pending', second_look = true, attempts = 0, dispatched_at = null, lead = null, next_try_at = $3
where sync_id = $1 and date = any($2) and status = any($4) and not second_look

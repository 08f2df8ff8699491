select date, status, position, attempts, reason, message, dispatches, dispatched_at, lead, next_try_at, heartbeat_at, worker,
    second_look, warnings
from idexx_sync.schedule_sync_dates where sync_id = $1 order by position

select exists (
    select from idexx_sync.schedule_sync_dates where sync_id = $1 and status = 'pending' and dispatched_at is null
)

select exists (
    select from schedule_sync_dates where sync_id = $1 and status = 'pending' and dispatched_at is null
)

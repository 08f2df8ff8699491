select date from idexx_sync.schedule_sync_dates where sync_id = $1

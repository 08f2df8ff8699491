select status from schedule_sync_dates where sync_id = $1 and date = $2

select date, status from idexx_sync.schedule_sync_dates
where sync_id = $1 and coalesce(lead, date) = $2 and date = any($3)
order by date

-- The dates that a sync scraped completely.
select date from idexx_sync.schedule_sync_dates where sync_id = $1 and status = 'reconciled' order by date

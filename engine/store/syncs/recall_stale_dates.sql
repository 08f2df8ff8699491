-- Puts back the dates whose worker has stopped its heartbeats; the interrupted attempt does not count.
update idexx_sync.schedule_sync_dates
set status = 'pending', dispatched_at = null, lead = null, claim = null, worker = null, attempts = greatest(attempts - 1, 0)
where sync_id = $1 and status = 'scraping' and heartbeat_at < clock_timestamp() - make_interval(secs => $2)
returning date

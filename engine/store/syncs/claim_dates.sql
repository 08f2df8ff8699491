-- Claims the dates of a span that wait, or whose worker has stopped its heartbeats (which is not a new attempt). A
-- claim is a fencing token: the previous holder of the date can no longer write.
update idexx_sync.schedule_sync_dates
set status = 'scraping', claim = gen_random_uuid(), worker = $4, heartbeat_at = clock_timestamp(),
    attempts = attempts + (status = 'pending')::integer,
    dispatched_at = coalesce(dispatched_at, clock_timestamp()), next_try_at = null,
    started_at = coalesce(started_at, clock_timestamp())
where sync_id = $1 and coalesce(lead, date) = $2 and date = any($3)
    and (status = 'pending' or (status = 'scraping' and heartbeat_at < clock_timestamp() - make_interval(secs => $5)))
returning date, claim, attempts, position, started_at, clock_timestamp() as claimed_at

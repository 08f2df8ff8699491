update public.schedule_syncs
set status = 'in_progress', started_at = clock_timestamp(), heartbeat_at = clock_timestamp(),
    deadline_at = clock_timestamp() + make_interval(secs => $2)
where id = $1 and status = any($3)
returning id

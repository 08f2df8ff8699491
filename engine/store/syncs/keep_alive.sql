-- A sign of life for the dates a worker holds, and for their syncs.
with held as (
    update schedule_sync_dates set heartbeat_at = clock_timestamp()
    where claim = any($1) and status = 'scraping'
    returning sync_id
)
update schedule_syncs set heartbeat_at = clock_timestamp()
where id in (select sync_id from held) and status = 'in_progress'

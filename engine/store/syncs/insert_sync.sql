-- It has not started: idexx_sync.syncs shows started_at only once there is a deadline. created_at is read from the clock inside the clinic's lock, so it orders the queue.
with sync as (
    insert into public.schedule_syncs (clinic_id, sync_start_date, sync_end_date, status, request_id, dry_run, dates_total,
        failed_dates, started_at, created_at)
    values ($1, $2, $3, 'queued', $4, $5, cardinality($6::date[]), '{}', clock_timestamp(), clock_timestamp())
    returning id
), dates as (
    insert into idexx_sync.schedule_sync_dates (sync_id, date, position)
    select sync.id, d.date, d.position from sync, unnest($6::date[]) with ordinality d (date, position)
)
select id from sync

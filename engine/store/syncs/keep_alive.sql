-- A sign of life for the dates a worker holds, and for their syncs. Answers the claims that are still good.
with held as (
    update schedule_sync_dates d set heartbeat_at = clock_timestamp()
    from schedule_syncs s
    where d.claim = any($1) and d.status = 'scraping' and s.id = d.sync_id and s.status = 'in_progress'
    returning d.claim, d.sync_id
), alive as (
    update schedule_syncs set heartbeat_at = clock_timestamp()
    where id in (select sync_id from held)
)
select claim from held

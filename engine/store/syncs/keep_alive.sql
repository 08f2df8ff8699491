-- Sends a heartbeat for the dates that a worker holds, and returns the claims that still hold. Skips rows that are
-- locked, and so being changed: waiting for them could end in a deadlock.
with mine as (
    select d.sync_id, d.date, d.claim
    from idexx_sync.schedule_sync_dates d join public.schedule_syncs s on s.id = d.sync_id
    where d.claim = any($1) and d.status = 'scraping' and s.status = 'in_progress'
), free as (
    select d.sync_id, d.date from idexx_sync.schedule_sync_dates d join mine using (sync_id, date)
    for no key update of d skip locked
), touched as (
    update idexx_sync.schedule_sync_dates d set heartbeat_at = clock_timestamp()
    from free where d.sync_id = free.sync_id and d.date = free.date
)
select claim from mine

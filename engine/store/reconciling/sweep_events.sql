-- Events of syncs that have ended, once published.
delete from idexx_sync.schedule_sync_events where ctid in (
    select e.ctid from idexx_sync.schedule_sync_events e join public.schedule_syncs y on y.id = e.sync_id
    where y.status not in ('queued', 'in_progress') and e.at < $1 and e.published_at is not null
    limit $2
)

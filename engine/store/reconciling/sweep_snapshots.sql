-- Snapshots of syncs that have ended; they were applied long ago.
delete from idexx_sync.schedule_snapshots where ctid in (
    select s.ctid from idexx_sync.schedule_snapshots s join public.schedule_syncs y on y.id = s.sync_id
    where y.status not in ('queued', 'in_progress') and coalesce(y.completed_at, y.created_at) < $1
    limit $2
)

-- Look-ups of syncs that have ended: the rows keep what was proved.
delete from idexx_sync.appointment_lookups where ctid in (
    select l.ctid from idexx_sync.appointment_lookups l join public.schedule_syncs y on y.id = l.sync_id
    where y.status not in ('queued', 'in_progress') and coalesce(y.completed_at, y.created_at) < $1
    limit $2
)

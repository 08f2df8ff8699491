-- Held removals that were decided, or whose absence is over.
delete from idexx_sync.schedule_held_removals where ctid in (
    select h.ctid from idexx_sync.schedule_held_removals h join public.schedule_appointments a on a.id = h.appointment_id
    where h.held_at < $1 and (h.decided_at is not null or a.deleted_at is not null
        or a.missing_since is distinct from h.missing_since)
    limit $2
)

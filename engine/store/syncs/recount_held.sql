-- Recounts the held removals of a clinic's syncs: appointments may be seen again, or decided with another sync's
-- plan.
update public.schedule_syncs s set removals_held = stands.count
from (
    select y.id, count(a.id) from public.schedule_syncs y
    left join idexx_sync.schedule_held_removals h on h.sync_id = y.id and h.decided_at is null
    left join public.schedule_appointments a
        on a.id = h.appointment_id and a.deleted_at is null and a.missing_since = h.missing_since
    where y.clinic_id = $1 and y.removals_held > 0 and not y.dry_run
    group by y.id
) stands
where s.id = stands.id and s.removals_held <> stands.count

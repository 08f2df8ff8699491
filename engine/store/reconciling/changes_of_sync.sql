-- The changes of a sync, in order.
select c.id, c.sync_id, c.appointment_id, c.neo_appointment_id, c.kind, c.is_undo, c.at,
    to_jsonb(c.before) as before, to_jsonb(c.after) as after
from idexx_sync.schedule_appointment_changes c where c.sync_id = $1 order by c.id

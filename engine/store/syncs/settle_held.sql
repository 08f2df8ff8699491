-- Nothing is held back any more; $2 of it were removed.
update schedule_syncs
set removals_held = 0, appointments_removed = appointments_removed + $2
where id = $1

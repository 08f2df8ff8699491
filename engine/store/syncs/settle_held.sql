-- The sync holds no removals any more; $2 of them were carried out.
update public.schedule_syncs
set removals_held = 0, appointments_removed = appointments_removed + $2
where id = $1

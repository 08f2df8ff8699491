-- Evidence is masked, and goes all the same: the shape of a name may be enough for somebody who knows it.
delete from idexx_sync.schedule_evidence e using public.schedule_syncs s
where s.id = e.sync_id and s.clinic_id = $1 and e.date = any ($2)

-- Evidence is masked, but is removed as well: the shape of a name may be enough for a person that knows it.
delete from idexx_sync.schedule_evidence e using public.schedule_syncs s
where s.id = e.sync_id and s.clinic_id = $1 and e.date = any ($2)

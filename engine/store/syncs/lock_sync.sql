select s.*, c.slug as clinic from idexx_sync.syncs s join idexx_sync.clinic_settings c on c.id = s.clinic_id
where s.id = $1
for no key update of s

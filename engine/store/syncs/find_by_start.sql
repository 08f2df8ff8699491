select s.*, c.slug as clinic from idexx_sync.syncs s join idexx_sync.clinic_settings c on c.id = s.clinic_id
where s.id between $1 and $2 and ($3::uuid is null or s.clinic_id = $3)
limit 2

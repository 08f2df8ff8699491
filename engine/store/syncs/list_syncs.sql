-- Latest first; $1 null: of all clinics.
select s.*, c.slug as clinic from idexx_sync.syncs s join idexx_sync.clinic_settings c on c.id = s.clinic_id
where $1::uuid is null or s.clinic_id = $1
order by s.created_at desc, s.id
limit $2

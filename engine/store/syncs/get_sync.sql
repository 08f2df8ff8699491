select s.*, c.slug as clinic from schedule_syncs s join clinics c on c.id = s.clinic_id
where s.id = $1

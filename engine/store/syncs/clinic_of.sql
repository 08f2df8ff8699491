select c.slug from schedule_syncs s join clinics c on c.id = s.clinic_id where s.id = $1

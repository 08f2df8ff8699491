select c.slug from public.schedule_syncs s join idexx_sync.clinic_settings c on c.id = s.clinic_id where s.id = $1

select warnings from public.schedule_syncs where id = $1

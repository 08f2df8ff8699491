select id from public.schedule_syncs where id = any($1) and status = 'in_progress'

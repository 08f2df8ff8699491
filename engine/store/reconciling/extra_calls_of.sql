select extra_calls from public.schedule_syncs where id = $1

update public.schedule_syncs set configuration = $2::jsonb where id = $1

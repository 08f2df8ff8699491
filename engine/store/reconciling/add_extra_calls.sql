update public.schedule_syncs set extra_calls = extra_calls + $2 where id = $1

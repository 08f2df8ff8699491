update public.clinics set max_age_seconds = $2 where id = $1

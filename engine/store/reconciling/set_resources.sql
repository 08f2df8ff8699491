update public.clinics set resources = $2 where id = $1

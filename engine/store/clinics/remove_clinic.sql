delete from public.clinics where id = $1

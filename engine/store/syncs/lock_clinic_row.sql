-- Admissions, starts and ends of one clinic take turns; other clinics do not wait. Locked before any sync's row.
select id from public.clinics where id = $1 for no key update

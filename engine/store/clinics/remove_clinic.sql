delete from clinics where id = $1

update clinics set login_failure = $2 where id = $1 and login_failure is distinct from $2

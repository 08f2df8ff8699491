select c.login_failure, k.clinic_id is not null as has_credentials
from clinics c
left join idexx_credentials k on k.clinic_id = c.id
where c.id = $1

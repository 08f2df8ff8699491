select c.login_failure, k.clinic_id is not null as has_credentials, k.address, k.origin
from idexx_sync.clinic_settings c
left join idexx_sync.sealed_credentials k on k.clinic_id = c.id
where c.id = $1

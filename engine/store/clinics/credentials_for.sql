select c.slug, k.address, k.origin
from idexx_sync.sealed_credentials k join idexx_sync.clinic_settings c on c.id = k.clinic_id
order by c.slug

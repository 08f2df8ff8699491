-- Credentials sealed with another key than $1; locked, so that no other transaction changes them.
select k.clinic_id, c.slug, k.key_id, k.sealed, k.address
from idexx_sync.sealed_credentials k join idexx_sync.clinic_settings c on c.id = k.clinic_id
where k.key_id <> $1
for update of k

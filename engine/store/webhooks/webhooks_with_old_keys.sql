-- Secrets sealed with another key than $1; locked, so that no other transaction changes them.
select w.clinic_id, c.slug, w.key_id, w.sealed, w.old_secret_until
from idexx_sync.clinic_webhooks w join idexx_sync.clinic_settings c on c.id = w.clinic_id
where w.key_id <> $1
for update of w

-- What is sealed with another key than $1; locked, so that nobody sets it anew meanwhile.
select clinic_id, key_id, sealed, old_secret_until from clinic_webhooks where key_id <> $1 for update

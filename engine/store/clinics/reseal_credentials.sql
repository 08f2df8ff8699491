-- updated_at stays: the credentials are the same, so a refusal of them still holds.
update idexx_sync.sealed_credentials set key_id = $2, sealed = $3 where clinic_id = $1

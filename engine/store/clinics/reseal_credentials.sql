-- updated_at stays: they are the same credentials, so a refusal of them still holds.
update idexx_credentials set key_id = $2, sealed = $3 where clinic_id = $1

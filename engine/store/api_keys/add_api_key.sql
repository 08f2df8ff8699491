insert into idexx_sync.api_keys (name, key_hash, clinic_id, rights, expires_at, created_by)
values ($1, $2, $3, $4, clock_timestamp() + $5::interval, $6)
returning id

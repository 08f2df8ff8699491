select key_id, sealed, updated_at, address, origin from idexx_sync.sealed_credentials where clinic_id = $1

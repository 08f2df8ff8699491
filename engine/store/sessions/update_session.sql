update idexx_sync.idexx_sessions set key_id = $3, sealed = $4 where clinic_id = $1 and generation = $2

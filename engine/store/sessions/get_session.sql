select key_id, sealed from idexx_sync.idexx_sessions where clinic_id = $1 and expires_at > clock_timestamp()

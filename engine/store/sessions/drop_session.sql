delete from idexx_sync.idexx_sessions where clinic_id = $1 and ($2::text is null or generation = $2)

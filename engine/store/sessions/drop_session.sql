delete from idexx_sessions where clinic_id = $1 and ($2::text is null or generation = $2)

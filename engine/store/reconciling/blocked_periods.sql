select starts_at, ends_at from idexx_sync.blocked_periods where clinic_id = $1 and starts_at < $3 and ends_at > $2

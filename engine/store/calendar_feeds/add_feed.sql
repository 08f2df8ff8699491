insert into idexx_sync.calendar_feeds (name, token_hash, clinic_id, columns, provider, names, days_back, days_ahead,
    expires_at, created_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + $9::interval, $10)
returning id

insert into idexx_sync.schedule_evidence (sync_id, date, at, reason, message, address, title, http_status, headers, body, screenshot)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11)

select idexx_sync.explain_start($1, $2, $3, $4, $5, $6, coalesce($7, now()))

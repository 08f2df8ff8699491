update idexx_sync.actions set outcome = $2, sync_id = coalesce($3, sync_id), removals = coalesce($4, removals) where id = $1

select payload from idexx_sync.schedule_sync_events where sync_id = $1 and seq > $2 order by seq limit $3

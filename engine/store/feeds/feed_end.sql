select feed_id, position from idexx_sync.feeds where clinic_id = $1 and feed = $2

delete from idexx_sync.calendar_feed_events where feed_id = $1 and uid = any ($2::text[])

select uid, sequence, content_hash, starts_at, ends_at, is_all_day, changed_at, cancelled_at
from idexx_sync.calendar_feed_events where feed_id = $1

-- What it has published is of no use any more.
with revoked as (
    update idexx_sync.calendar_feeds set revoked_at = clock_timestamp() where id = $1 and revoked_at is null returning id
)
delete from idexx_sync.calendar_feed_events e using revoked r where e.feed_id = r.id

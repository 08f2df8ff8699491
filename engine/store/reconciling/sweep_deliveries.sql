-- Deliveries of webhooks. One that still waits has waited as long as its webhook was paused: it would not be sent
-- any more.
delete from idexx_sync.webhook_deliveries where id in (
    select id from idexx_sync.webhook_deliveries where created_at < $1 order by created_at limit $2
)

-- Of webhooks. One that still waits is as old as its webhook has been paused: it would not be sent any more.
delete from webhook_deliveries where id in (
    select id from webhook_deliveries where created_at < $1 order by created_at limit $2
)

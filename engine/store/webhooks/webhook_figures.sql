-- The number of webhooks, the clinics of those that are paused because their receivers are gone, and the number of
-- deliveries that have been due for $1 seconds without a try.
select count(*) as webhooks,
    coalesce(array_agg(c.slug order by c.slug) filter (where w.pause_reason = 'gone'), '{}') as gone,
    (
        select count(*)
        from idexx_sync.webhook_deliveries d join idexx_sync.clinic_webhooks v on v.clinic_id = d.clinic_id
        where d.state = 'pending' and v.paused_at is null
            and d.next_attempt_at < clock_timestamp() - $1 * interval '1 second'
    ) as overdue
from idexx_sync.clinic_webhooks w join idexx_sync.clinic_settings c on c.id = w.clinic_id

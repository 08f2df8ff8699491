-- Records a test delivery, without data of a sync.
insert into idexx_sync.webhook_deliveries (clinic_id, event, body)
select c.id, $2::text, jsonb_build_object(
    'type', $2::text,
    'timestamp', at.recorded,
    'data', jsonb_build_object('event', 'test', 'clinic', c.slug, 'at', at.recorded)
)::text
from idexx_sync.clinic_settings c, to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at (recorded)
where c.id = $1
returning id

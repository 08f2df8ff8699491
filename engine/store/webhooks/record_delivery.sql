-- Records the delivery of the sync's last event, if its clinic has a webhook. A dry run is not delivered.
insert into idexx_sync.webhook_deliveries (clinic_id, sync_id, event, body)
select e.clinic_id, e.sync_id, 'sync.' || e.event, jsonb_build_object(
    'type', 'sync.' || e.event,
    'timestamp', e.payload -> 'at',
    'data', e.payload
)::text
from public.schedule_syncs s
join idexx_sync.clinic_webhooks w on w.clinic_id = s.clinic_id
join idexx_sync.schedule_sync_events e on e.sync_id = s.id and e.seq = s.last_seq
where s.id = $1 and not s.dry_run

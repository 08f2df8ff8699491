-- Records the delivery of something that needs a person, or of its end.
insert into idexx_sync.webhook_deliveries (clinic_id, sync_id, event, body)
select c.id, (select s.id from public.schedule_syncs s where s.id = $2), $3, $4 from public.clinics c where c.slug = $1

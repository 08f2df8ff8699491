insert into idexx_sync.actions (clinic_id, clinic, verb, source, who, sync_id, booking_id)
select c.id, c.slug, $2, $3, $4, $5, $6 from idexx_sync.clinic_settings c where c.slug = lower($1) or c.id::text = lower($1)
returning id, clinic_id

-- Clinics with events or changes that a process left unpublished when it died between commit and publish, or that
-- another program has caused.
select clinic_id from idexx_sync.schedule_sync_events where published_at is null
union
select clinic_id from idexx_sync.schedule_appointment_changes where published_at is null
union
select clinic_id from idexx_sync.offer_changes where published_at is null
union
select clinic_id from idexx_sync.actions where outcome is not null and published_at is null

-- Clinics whose events or changes a process left unpublished when it died between commit and publish.
select clinic_id from idexx_sync.schedule_sync_events where published_at is null
union
select clinic_id from idexx_sync.schedule_appointment_changes where published_at is null

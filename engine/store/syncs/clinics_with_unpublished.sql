-- What a process that died between commit and publish has left.
select clinic_id from schedule_sync_events where published_at is null
union
select clinic_id from schedule_appointment_changes where published_at is null

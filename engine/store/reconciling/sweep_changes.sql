-- Changes, once published, oldest first.
delete from idexx_sync.schedule_appointment_changes where id in (
    select id from idexx_sync.schedule_appointment_changes where at < $1 and published_at is not null order by id limit $2
)

-- Changes, once published, oldest first.
delete from schedule_appointment_changes where id in (
    select id from schedule_appointment_changes where at < $1 and published_at is not null order by id limit $2
)

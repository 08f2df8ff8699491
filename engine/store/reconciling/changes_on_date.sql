-- The changes of a clinic's date by the latest syncs that covered it, newest first; with $3 and $4 those of a time and of a
-- column.
with covering as (
    select s.id from idexx_sync.syncs s
    where s.clinic_id = $1 and $2 between s.sync_start_date and s.sync_end_date
    order by s.created_at desc, s.id
    limit 200
)
select c.id, c.sync_id, c.appointment_id, c.neo_appointment_id, c.kind, c.is_undo, c.at,
    to_jsonb(c.before) as before, to_jsonb(c.after) as after
from covering v
join idexx_sync.schedule_appointment_changes c on c.sync_id = v.id and c.clinic_id = $1
where exists (
    select from (values (c.before), (c.after)) sides (side)
    where (side).date = $2
        and (
            $3::time is null
            or (side).start_time <= $3 and ((side).end_time > $3 or (side).end_time < (side).start_time)
        )
        and ($4::text is null or (side).room_id = $4)
)
order by c.id desc
limit $5

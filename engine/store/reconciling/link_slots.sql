-- Points each appointment of a range at the slot in which it starts; writes only what points elsewhere.
update schedule_appointments a set slot_id = found.slot_id
from (
    select b.id, s.id as slot_id from schedule_appointments b
    left join schedule_slots s on s.clinic_id = b.clinic_id and s.date = b.date
        and b.start_time >= s.start_time and (b.start_time < s.end_time or s.end_time <= s.start_time)
    where b.clinic_id = $1 and b.date between $2 and $3 and b.deleted_at is null
) found
where a.id = found.id and a.slot_id is distinct from found.slot_id

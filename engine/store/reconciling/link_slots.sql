-- Links each appointment of a range to the slot in which it starts; writes only changed links. Where a closed slot
-- that is still taken overlaps a current slot, the current one counts.
update public.schedule_appointments a set slot_id = found.slot_id
from (
    select distinct on (b.id) b.id, s.id as slot_id from public.schedule_appointments b
    left join public.schedule_slots s on s.clinic_id = b.clinic_id and s.date = b.date
        and b.start_time >= s.start_time and b.start_time < s.end_time
    where b.clinic_id = $1 and b.date between $2 and $3 and b.deleted_at is null
    order by b.id, s.is_closed, s.start_time desc
) found
where a.id = found.id and a.slot_id is distinct from found.slot_id

-- Closes a clinic's slots from a date on: removes those that are not taken, and sets the capacity of the others to
-- 0.
with taken as (
    select s.id, b.bookings, s.capacity from schedule_slots s
    join schedule_slot_bookings($1, $2, (select max(date) from schedule_slots where clinic_id = $1)) b on b.slot_id = s.id
), closed as (
    update schedule_slots s set capacity = 0, last_synced_at = now()
    from taken t where t.id = s.id and t.bookings > 0 and t.capacity > 0
    returning 1
), removed as (
    delete from schedule_slots s using taken t where t.id = s.id and t.bookings = 0
    returning 1
)
select (select count(*) from removed)::integer as removed, (select count(*) from closed)::integer as updated

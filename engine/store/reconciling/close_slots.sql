-- Closes a clinic's slots from a date on: removes those that are not taken, and closes the others.
with taken as (
    select s.id, n.of_portal + n.of_bookings > 0 as is_taken, s.is_closed from public.schedule_slots s
    join idexx_sync.slot_counts($1, $2, (select max(date) from public.schedule_slots where clinic_id = $1)) n
        on n.slot_id = s.id
), closed as (
    update public.schedule_slots s set is_closed = true, booked_count = greatest(s.booked_count, s.capacity)
    from taken t where t.id = s.id and t.is_taken and not t.is_closed
    returning 1
), removed as (
    delete from public.schedule_slots s using taken t where t.id = s.id and not t.is_taken
    returning 1
)
select (select count(*) from removed)::integer as removed, (select count(*) from closed)::integer as updated

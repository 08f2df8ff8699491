-- Closes a clinic's slots from a date on: removes those that are not taken, and closes the others.
with taken as (
    select s.id, b.bookings, s.is_closed from public.schedule_slots s
    join idexx_sync.schedule_slot_bookings($1, $2, (select max(date) from public.schedule_slots where clinic_id = $1)) b on b.slot_id = s.id
), closed as (
    update public.schedule_slots s set is_closed = true, booked_count = greatest(s.capacity, t.bookings), last_synced_at = now()
    from taken t where t.id = s.id and t.bookings > 0 and not t.is_closed
    returning 1
), removed as (
    delete from public.schedule_slots s using taken t where t.id = s.id and t.bookings = 0
    returning 1
)
select (select count(*) from removed)::integer as removed, (select count(*) from closed)::integer as updated

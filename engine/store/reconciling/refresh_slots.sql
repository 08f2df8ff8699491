-- Brings the slots of a range in line with the wanted ones. Slots that fit stay. One that no longer fits is
-- removed, unless it is taken: then it is closed and full, so that nothing more is booked there. A row cannot end
-- at or after midnight: it ends a second before, and `ends_at` is exact.
with wanted as (
    select date, start_time, case when end_time > start_time then end_time else '23:59:59' end as end_time, capacity,
        starts_at, ends_at
    from unnest($4::date[], $5::time[], $6::time[], $7::integer[], $8::timestamptz[], $9::timestamptz[])
        as wanted (date, start_time, end_time, capacity, starts_at, ends_at)
), unmatched as materialized (
    select s.id, s.date, s.is_closed from public.schedule_slots s
    where s.clinic_id = $1 and s.date between $2 and $3
        and not exists (select from wanted w where (w.date, w.start_time) = (s.date, s.start_time))
), unwanted as (
    -- Counting takes long, and mostly every slot is wanted: without an unmatched slot, the range is empty.
    select u.id, n.of_portal + n.of_bookings > 0 as is_taken, u.is_closed
    from (select min(date) as first, max(date) as last from unmatched) range
    cross join lateral idexx_sync.slot_counts($1, range.first, range.last) n
    join unmatched u on u.id = n.slot_id
), added as (
    insert into public.schedule_slots (clinic_id, date, start_time, end_time, capacity, starts_at, ends_at)
    select $1, date, start_time, end_time, capacity, starts_at, ends_at from wanted w
    where not exists (
        select from public.schedule_slots s
        where s.clinic_id = $1 and (s.date, s.start_time) = (w.date, w.start_time) and s.date between $2 and $3
    )
    returning 1
), reshaped as (
    update public.schedule_slots s set end_time = w.end_time, capacity = w.capacity, starts_at = w.starts_at,
        ends_at = w.ends_at, is_closed = false
    from wanted w
    where s.clinic_id = $1 and (s.date, s.start_time) = (w.date, w.start_time)
        and (s.end_time, s.capacity, s.starts_at, s.ends_at, s.is_closed)
            is distinct from (w.end_time, w.capacity, w.starts_at, w.ends_at, false)
    returning 1
), closed as (
    update public.schedule_slots s set is_closed = true, booked_count = greatest(s.booked_count, s.capacity)
    from unwanted u where u.id = s.id and u.is_taken and not u.is_closed
    returning 1
), removed as (
    delete from public.schedule_slots s using unwanted u where u.id = s.id and not u.is_taken
    returning 1
)
select (select count(*) from added)::integer as created,
    (select count(*) from removed)::integer as removed,
    ((select count(*) from reshaped) + (select count(*) from closed))::integer as updated

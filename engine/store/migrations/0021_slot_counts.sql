-- How many places of each slot are taken. `slot_counts` is the only count: everything else asks it.

drop function if exists idexx_sync.schedule_slot_bookings(uuid, date, date);

-- The bookings of a range that are not cancelled, each with the slot in which it starts, and the time that it takes,
-- clinic-local: a booking has no end of its own. Where slots overlap, its own one counts, then an open one.
-- `state`: held, expired (its hold is over; nothing has decided it), released (as expired, where EXPIRED_HOLDS is
-- release), confirmed, rescheduled, or seen (the portal has shown it, or a person has settled it).
create or replace function idexx_sync.live_bookings(p_clinic_id uuid, p_start_date date, p_end_date date)
returns table (booking_id uuid, date date, slot_id uuid, starts timestamp, ends timestamp, state text, takes_place boolean)
language sql stable as $$
    select b.id, b.date, slot.id, b.date + coalesce(slot.start_time, b.start_time),
        b.date + coalesce(slot.end_time - slot.start_time, length.of_slot) + coalesce(slot.start_time, b.start_time),
        live.state, live.state not in ('seen', 'released')
    from public.vapi_bookings b
    left join lateral (
        select s.id, s.start_time, s.end_time from public.schedule_slots s
        where s.clinic_id = b.clinic_id and s.date = b.date and b.start_time >= s.start_time and b.start_time < s.end_time
        order by s.id is not distinct from b.slot_id desc, s.is_closed, s.start_time desc
        limit 1
    ) slot on true
    cross join lateral (
        select make_interval(mins => coalesce(
            (select p.slot_minutes from idexx_sync.clinic_portal_config p where p.clinic_id = b.clinic_id),
            (select c.slot_duration_minutes from public.clinic_schedule_config c where c.clinic_id = b.clinic_id), 15
        )) as of_slot
    ) length
    cross join lateral (
        select case
            when exists (
                select from idexx_sync.booking_matches m
                where m.booking_id = b.id and m.starts = b.date + b.start_time
            ) then 'seen'
            when b.status <> 'pending' then b.status
            when b.hold_expires_at is null or b.hold_expires_at > now() then 'held'
            when (select expired_holds from idexx_sync.booking_settings) = 'release' then 'released'
            else 'expired'
        end as state
    ) live
    where b.clinic_id = p_clinic_id and b.date between p_start_date and p_end_date
        and b.status in ('pending', 'confirmed', 'rescheduled')
$$;

-- For each slot of a range, the places that the portal's appointments and blocks take, those that bookings take, and
-- what `schedule_slots.booked_count` has to be. Times are clinic-local.
-- An appointment without length takes the slot in which it starts. Rooms that do not count for the clinic take no
-- place. A block without a room is meant for the whole clinic, and takes every place.
-- A sync counts rows that it has just written: the planner believes them to be few, and would compare each slot with
-- each appointment.
create or replace function idexx_sync.slot_counts(p_clinic_id uuid, p_start_date date, p_end_date date)
returns table (slot_id uuid, of_portal integer, of_bookings integer, booked_count integer)
language sql stable set enable_nestloop = off as $$
    with taken as materialized (
        select a.date, a.date + a.start_time as starts,
            greatest(a.date + a.end_time + case when a.end_time < a.start_time then interval '1 day' else interval '0' end,
                a.date + a.start_time + interval '1 second') as ends,
            a.room_id is null and a.appointment_type is not distinct from 'block' as takes_all, false as is_booking
        from public.schedule_appointments a join public.clinics c on c.id = a.clinic_id
        where a.clinic_id = p_clinic_id and a.deleted_at is null
            and a.date between p_start_date - 1 and p_end_date
            and a.status not in ('cancelled', 'no_show')
            and (c.resources is null or a.room_id is null or a.room_id = any (c.resources))
        union all
        select b.date, b.starts, b.ends, false, true
        from idexx_sync.live_bookings(p_clinic_id, p_start_date, p_end_date) b where b.takes_place
    ), bounds as materialized (
        select s.id, s.date, s.capacity, s.is_closed, s.date + s.start_time as starts,
            -- 23:59:59 stands for midnight, which is no time of day after a slot's start.
            s.date + case when s.end_time = time '23:59:59' then interval '1 day' else s.end_time::interval end as ends
        from public.schedule_slots s
        where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date
    ), overlapping as materialized (
        select b.id, t.takes_all, t.is_booking
        from bounds b join taken t on t.date = b.date and t.starts < b.ends and t.ends > b.starts
        union all
        select b.id, t.takes_all, t.is_booking from bounds b join taken t on t.date = b.date - 1 and t.ends > b.starts
    ), counted as (
        select b.id, b.capacity, b.is_closed,
            (count(*) filter (where not o.is_booking))::integer as appointments,
            (count(*) filter (where o.is_booking))::integer as bookings,
            coalesce(bool_or(o.takes_all), false) as takes_all
        from bounds b left join overlapping o on o.id = b.id
        group by b.id, b.capacity, b.is_closed
    )
    select id, case when takes_all then greatest(appointments, capacity) else appointments end, bookings,
        case when takes_all or is_closed then greatest(appointments + bookings, capacity) else appointments + bookings end
    from counted
$$;

drop function if exists idexx_sync.update_slot_counts(uuid, date, date);

-- Locks a clinic's slots until the end of the transaction, in an order that all writers keep: a booking that is being made
-- ends before what comes next is read, or waits for it. `p_times`: only the slots in which one of these lies.
create or replace function idexx_sync.lock_slots(
    p_clinic_id uuid, p_start_date date, p_end_date date, p_times time[] default null
) returns uuid[] language sql volatile as $$
    select coalesce(array_agg(locked.id), '{}') from (
        select s.id from public.schedule_slots s
        where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date
            and (p_times is null
                or exists (select from unnest(p_times) t (at) where t.at >= s.start_time and t.at < s.end_time))
        order by s.date, s.start_time for no key update
    ) locked
$$;

-- Stores the counts of a clinic's slots, or of those in which one of `p_times` lies. Returns how many differed.
create or replace function idexx_sync.recount_slots(
    p_clinic_id uuid, p_start_date date, p_end_date date, p_times time[] default null
) returns bigint language plpgsql volatile as $$
declare
    v_ids uuid[] := idexx_sync.lock_slots(p_clinic_id, p_start_date, p_end_date, p_times);
    v_changed bigint;
begin
    update public.schedule_slots s set booked_count = c.booked_count
    from idexx_sync.slot_counts(p_clinic_id, p_start_date, p_end_date) c
    where s.id = c.slot_id and s.booked_count <> c.booked_count and (p_times is null or s.id = any (v_ids));
    get diagnostics v_changed = row_count;
    return v_changed;
end $$;

-- Keeps `booked_count` true when a program writes a booking itself.
create or replace function idexx_sync.count_written_bookings() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_day record;
begin
    if tg_op = 'UPDATE' then
        for v_day in
            select p.clinic_id, p.date, array_agg(p.start_time) as times
            from before b join after a using (id)
            cross join lateral (values (a.clinic_id, a.date, a.start_time), (b.clinic_id, b.date, b.start_time))
                p (clinic_id, date, start_time)
            where (a.clinic_id, a.date, a.start_time, a.slot_id, a.status, a.hold_expires_at)
                is distinct from (b.clinic_id, b.date, b.start_time, b.slot_id, b.status, b.hold_expires_at)
            group by 1, 2 order by 1, 2
        loop
            perform idexx_sync.recount_slots(v_day.clinic_id, v_day.date, v_day.date, v_day.times);
        end loop;
    else
        for v_day in
            select w.clinic_id, w.date, array_agg(w.start_time) as times from written w group by 1, 2 order by 1, 2
        loop
            perform idexx_sync.recount_slots(v_day.clinic_id, v_day.date, v_day.date, v_day.times);
        end loop;
    end if;
    return null;
end $$;
create or replace trigger idexx_sync_count_inserted after insert on public.vapi_bookings
    referencing new table as written for each statement execute function idexx_sync.count_written_bookings();
create or replace trigger idexx_sync_count_updated after update on public.vapi_bookings
    referencing old table as before new table as after for each statement
    execute function idexx_sync.count_written_bookings();
create or replace trigger idexx_sync_count_deleted after delete on public.vapi_bookings
    referencing old table as written for each statement execute function idexx_sync.count_written_bookings();

-- The slots are a view of the offer: `judged_starts` decides how many places of each are left.

-- Judges the slots of a range as starts of the clinic's default length; where it has set none, a slot lasts as long as it
-- is, and may start beside the grid of the portal's own interval.
create or replace function idexx_sync.judged_slots(p_clinic_id uuid, p_start_date date, p_end_date date, p_now timestamptz)
returns table (slot_id uuid, denied text[], column_count integer, of_portal integer, of_bookings integer)
language plpgsql stable as $$
#variable_conflict use_column
declare
    t idexx_sync.offer_terms;
    v_zone text;
    v_offset interval;
    v_first date;
    v_last date;
    v_ids uuid[];
    v_starts timestamptz[];
    v_ends timestamptz[];
    -- Places that the slot's own capacity does not have; only where the predecessor's capacity is the limit.
    v_excess integer[];
begin
    select * into t from idexx_sync.offer_terms x where x.clinic_id = p_clinic_id;
    v_zone := coalesce(t.timezone, 'UTC');
    select min(s.date), max(s.date) into v_first, v_last from public.schedule_slots s
    where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date;
    if v_first is null or t.clinic_id is null then
        return;
    end if;
    if not idexx_sync.clocks_differ((v_first - 1)::timestamp at time zone v_zone, (v_last + 2)::timestamp at time zone v_zone, v_zone)
    then
        v_offset := v_first::timestamp - (v_first::timestamp at time zone v_zone at time zone 'UTC');
    end if;
    select array_agg(x.id), array_agg(x.at), array_agg(x.at + x.length), array_agg(x.excess)
    into v_ids, v_starts, v_ends, v_excess from (
        select s.id,
            case when t.resources is null then greatest(idexx_sync.places_of(t) - s.capacity, 0) else 0 end as excess,
            case when v_offset is not null then (s.date + s.start_time - v_offset) at time zone 'UTC'
                else coalesce(idexx_sync.instant_of(s.date + s.start_time, v_zone), (s.date + s.start_time) at time zone v_zone)
            end as at,
            coalesce(t.default_minutes * interval '1 minute', t.grid_minutes * interval '1 minute',
                -- 23:59:59 stands for midnight, which is not a time of day after a slot's start.
                case when s.end_time = time '23:59:59' then interval '1 day' else s.end_time::interval end
                    - s.start_time::interval) as length
        from public.schedule_slots s
        where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date
        order by s.date, s.start_time
    ) x;
    return query
    select v_ids[j.n], case when t.grid_minutes is null then array_remove(j.denied, 'grid') else j.denied end
            || case when j.column_count > 0 and j.column_count <= v_excess[j.n] then array['column_taken'] else '{}' end,
        greatest(j.column_count - v_excess[j.n], 0), j.of_portal, j.of_bookings
    from idexx_sync.judged_starts(p_clinic_id, v_starts, v_ends, null, null, null, p_now) j;
end $$;

-- For each slot of a range, the places that the portal's appointments and blocks take, those that bookings take, and what
-- `schedule_slots.booked_count` has to be: the capacity without the columns that are free. What depends on the moment
-- (the past, the notice, the horizon, the age of what was read) is not stored: `day_slots` adds it.
create or replace function idexx_sync.slot_counts(p_clinic_id uuid, p_start_date date, p_end_date date)
returns table (slot_id uuid, of_portal integer, of_bookings integer, booked_count integer)
language sql stable as $$
    select j.slot_id, j.of_portal, j.of_bookings, case
        when s.is_closed or not j.denied <@ '{past,notice,horizon,stale}' then s.capacity
        else greatest(s.capacity - j.column_count, 0) end
    from idexx_sync.judged_slots(p_clinic_id, p_start_date, p_end_date, now()) j
    join public.schedule_slots s on s.id = j.slot_id
$$;

-- Every slot of a day as programs see it, judged now, whatever `booked_count` says. `available_count` is what can be booked.
create or replace function idexx_sync.day_slots(p_clinic_id uuid, p_date date)
returns table (
    slot_id uuid, start_time time, end_time time, starts_at timestamptz, ends_at timestamptz, capacity integer,
    of_portal integer, of_bookings integer, booked_count integer, available_count integer, is_closed boolean,
    block_reason text, last_synced_at timestamptz, scraped_at timestamptz, is_stale boolean, has_begun boolean
) language sql stable as $$
    select s.id, s.start_time, s.end_time, coalesce(s.starts_at, s.date + s.start_time at time zone c.timezone),
        coalesce(s.ends_at, s.date + s.end_time at time zone c.timezone), s.capacity,
        j.of_portal, j.of_bookings,
        case when s.is_closed or not j.denied <@ '{past,notice,horizon,stale}' then s.capacity
            else greatest(s.capacity - j.column_count, 0) end,
        case when s.is_closed or j.denied <> '{}' then 0 else least(s.capacity, j.column_count) end,
        s.is_closed, blocked.reason, greatest(d.scraped_at, s.last_synced_at), d.scraped_at, 'stale' = any (j.denied),
        coalesce(s.date + s.start_time <= now() at time zone c.timezone, false)
    from public.schedule_slots s
    join idexx_sync.clinic_settings c on c.id = s.clinic_id
    join idexx_sync.judged_slots(p_clinic_id, p_date, p_date, now()) j on j.slot_id = s.id
    left join idexx_sync.schedule_date_scrapes d on d.clinic_id = s.clinic_id and d.date = s.date
    left join lateral (
        select p.name as reason from public.clinic_blocked_periods p
        where p.clinic_id = s.clinic_id and p.is_active and extract(dow from s.date) = any (p.days_of_week)
            and p.start_time < s.end_time and p.end_time > s.start_time
        order by p.start_time, p.name limit 1
    ) blocked on true
    where s.clinic_id = p_clinic_id and s.date = p_date
$$;

-- Locks a clinic's slots until the end of the transaction, in an order that all writers keep: see 0021. `p_times`: only the
-- slots whose count a booking at one of these times changes; it may last longer than a slot.
create or replace function idexx_sync.lock_slots(
    p_clinic_id uuid, p_start_date date, p_end_date date, p_times time[] default null
) returns uuid[] language sql volatile as $$
    select coalesce(array_agg(locked.id), '{}') from (
        select s.id from public.schedule_slots s
        cross join lateral (
            select coalesce((
                select coalesce(r.default_minutes, r.grid_minutes) from idexx_sync.clinic_rules r where r.clinic_id = p_clinic_id
            ), 0) * interval '1 minute' as length
        ) reach
        where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date
            and (p_times is null or exists (
                select from unnest(p_times) t (at)
                where s.start_time::interval <= t.at::interval + reach.length
                    and s.end_time::interval > t.at::interval - reach.length
            ))
        order by s.date, s.start_time for no key update of s
    ) locked
$$;

-- Why a slot cannot be booked, in the words of book_slot_with_hold; null: it can.
create or replace function idexx_sync.refusal_of(p_denied text[]) returns text language sql immutable as $$
    select case
        when p_denied = '{}' then null
        when 'columns_not_chosen' = any (p_denied) then 'the columns that count have not been chosen'
        when 'time_zone' = any (p_denied) then 'the clinic has no time zone'
        when p_denied && '{past,notice}' then 'it is too late to book this time'
        when 'horizon' = any (p_denied) then 'this day cannot be booked yet'
        when 'stale' = any (p_denied) then 'this day has to be read again before it can be booked'
        when p_denied && '{closed_day,opening_hours,clinic_block}' then 'the clinic is closed at this time'
        when p_denied && '{grid,bookable_windows,recurring_block,clock_change}' then 'this time is not offered'
        else 'this slot is fully booked'
    end
$$;

-- Books the slot that starts at the given time, and holds it for five minutes; refuses if nothing is left, and names up
-- to five times that are free, the nearest ones. The slots that the booking may take are locked, then its places are counted.
create or replace function public.book_slot_with_hold(
    p_clinic_id uuid, p_date date, p_time time, p_client_name text, p_client_phone text, p_patient_name text,
    p_species text default null, p_reason text default null, p_is_new_client boolean default false,
    p_vapi_call_id text default null
) returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_slot record;
    v_booking_id uuid;
    v_number text;
    v_error text;
begin
    if not idexx_sync.may_read_clinic(p_clinic_id) then
        return jsonb_build_object('success', false, 'error', 'clinic not found', 'alternative_times', '[]'::jsonb);
    end if;
    if p_client_name is null or p_client_phone is null or p_patient_name is null then
        return jsonb_build_object('success', false, 'alternative_times', '[]'::jsonb,
            'error', 'client name, client phone and patient name are required');
    end if;

    perform idexx_sync.lock_slots(p_clinic_id, p_date, p_date, array[p_time]);
    select d.*, s.sync_id into v_slot
    from idexx_sync.day_slots(p_clinic_id, p_date) d join public.schedule_slots s on s.id = d.slot_id
    where d.start_time = p_time;
    v_error := case
        when not found then 'no slot starts at this time'
        when v_slot.is_closed then 'the clinic is closed at this time'
        when v_slot.block_reason is not null then 'this time is blocked: ' || v_slot.block_reason
        when v_slot.available_count = 0 then coalesce((
            select idexx_sync.refusal_of(j.denied) from idexx_sync.judged_slots(p_clinic_id, p_date, p_date, now()) j
            where j.slot_id = v_slot.slot_id
        ), 'this slot is fully booked')
    end;
    if v_error is not null then
        return jsonb_build_object('success', false, 'error', v_error,
            'alternative_times', idexx_sync.alternative_times(p_clinic_id, p_date, p_time));
    end if;

    loop
        v_number := public.generate_confirmation_number();
        exit when not exists (select from public.vapi_bookings b where b.confirmation_number = v_number);
    end loop;
    insert into public.vapi_bookings (
        clinic_id, slot_id, date, start_time, client_name, client_phone, patient_name, species, reason, is_new_client,
        status, confirmation_number, vapi_call_id, hold_expires_at, booked_at_sync_id, sync_freshness_at_booking
    ) values (
        p_clinic_id, v_slot.slot_id, p_date, p_time, p_client_name, p_client_phone, p_patient_name, p_species, p_reason,
        coalesce(p_is_new_client, false), 'pending', v_number, p_vapi_call_id, now() + interval '5 minutes',
        v_slot.sync_id, v_slot.last_synced_at
    ) returning id into v_booking_id;
    return jsonb_build_object('success', true, 'booking_id', v_booking_id, 'confirmation_number', v_number,
        'slot_id', v_slot.slot_id);
end $$;

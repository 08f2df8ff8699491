-- Whether a booking is in the portal, and what happens to one whose slot the portal has filled.

-- Whether two numbers are the same, however they are written; a number without its area or country code is the same
-- as one with it. Extensions do not count.
create or replace function idexx_sync.is_same_phone(one text, other text) returns boolean language sql immutable as $$
    select coalesce(length(a) >= 7 and length(b) >= 7
        and right(a, least(length(a), length(b), 10)) = right(b, least(length(a), length(b), 10)), false)
    from regexp_replace(regexp_replace(one, '(x|ext).*$', '', 'i'), '\D', '', 'g') a,
        regexp_replace(regexp_replace(other, '(x|ext).*$', '', 'i'), '\D', '', 'g') b
$$;

-- The words of a name, in lower case.
create or replace function idexx_sync.name_words(p_name text) returns text[] language sql immutable as $$
    select coalesce(array_agg(word), '{}')
    from regexp_split_to_table(lower(coalesce(p_name, '')), '[^[:alnum:]]+') word where word <> ''
$$;

-- How a booking and an appointment at the same time belong together: phone_and_patient, phone or patient; null: not.
-- A patient's name alone does not do where number and client are known and both differ: two clients may have a Bella.
create or replace function idexx_sync.match_kind(b public.vapi_bookings, a public.schedule_appointments) returns text
language sql immutable as $$
    select case
        when is_phone and is_patient then 'phone_and_patient'
        -- One number, two pets: an appointment that was there before the booking is another pet's.
        when is_phone and (is_later or is_nameless) then 'phone'
        when is_patient and (is_client or not phones_known) then 'patient'
    end
    from (
        select idexx_sync.is_same_phone(b.client_phone, a.client_phone)
                or idexx_sync.is_same_phone(b.client_phone, a.client_phone_raw) as is_phone,
            idexx_sync.name_words(b.patient_name) <> '{}'
                and idexx_sync.name_words(b.patient_name) = idexx_sync.name_words(a.patient_name) as is_patient,
            idexx_sync.name_words(a.client_name) = '{}'
                or idexx_sync.name_words(b.client_name) && idexx_sync.name_words(a.client_name) as is_client,
            coalesce(a.client_phone, a.client_phone_raw, '') <> '' as phones_known,
            coalesce(a.appeared_at, a.created_at) >= b.created_at as is_later,
            '{}' in (idexx_sync.name_words(b.patient_name), idexx_sync.name_words(a.patient_name)) as is_nameless
    ) known
$$;

-- Records which bookings of a range the portal shows: an appointment of the same clinic at an overlapping time, with the
-- same telephone number or patient. One appointment is one booking's; the best pairs come first. An appointment that
-- was cancelled, or missed, before the booking was made is no sign of it. Returns how many bookings were recognized.
create or replace function idexx_sync.match_bookings(
    p_clinic_id uuid, p_start_date date, p_end_date date, p_sync_id uuid default null
) returns integer language plpgsql volatile as $$
declare
    v_pair record;
    v_matched integer := 0;
begin
    for v_pair in
        with near as materialized (
            select l.booking_id, l.ends, a.id as appointment_id, place.starts as shown_from, place.ends as shown_to
            from idexx_sync.live_bookings(p_clinic_id, p_start_date, p_end_date) l
            join public.schedule_appointments a on a.clinic_id = p_clinic_id and a.date in (l.date, l.date - 1)
            cross join lateral (
                select a.date + a.start_time as starts,
                    greatest(a.date + a.end_time + case when a.end_time < a.start_time then interval '1 day' else interval '0' end,
                        a.date + a.start_time + interval '1 second') as ends
            ) place
            where l.state <> 'seen' and a.deleted_at is null and place.starts < l.ends and place.ends > l.starts
        )
        select b.id as booking_id, b.date + b.start_time as starts,
            greatest(n.ends, b.date + b.start_time + interval '1 second') as ends,
            a.id as appointment_id, kind.is as matched_by, n.shown_from, n.shown_to
        from near n
        join public.vapi_bookings b on b.id = n.booking_id
        join public.schedule_appointments a on a.id = n.appointment_id
        cross join lateral (select idexx_sync.match_kind(b, a) as is) kind
        where kind.is is not null
            and (a.status not in ('cancelled', 'no_show') or coalesce(a.appeared_at, a.created_at) >= b.created_at)
        order by array_position(array['phone_and_patient', 'phone', 'patient'], kind.is),
            a.status in ('cancelled', 'no_show'), abs(extract(epoch from n.shown_from - (b.date + b.start_time))),
            b.created_at, b.id, a.id
        -- A booking that a program is writing is left to the next sync: waiting for it could block both.
        for key share of b skip locked
    loop
        insert into idexx_sync.booking_matches (booking_id, starts, ends, clinic_id, appointment_id, matched_by, sync_id)
        select v_pair.booking_id, v_pair.starts, v_pair.ends, p_clinic_id, v_pair.appointment_id, v_pair.matched_by, p_sync_id
        where not exists (
            select from idexx_sync.booking_matches m
            where m.appointment_id = v_pair.appointment_id and m.starts < v_pair.shown_to and m.ends > v_pair.shown_from
        )
        on conflict do nothing;
        if found then
            v_matched := v_matched + 1;
        end if;
    end loop;
    return v_matched;
end $$;

-- Every slot of a day as programs see it, counted now, whatever `booked_count` says.
create or replace function idexx_sync.day_slots(p_clinic_id uuid, p_date date)
returns table (
    slot_id uuid, start_time time, end_time time, starts_at timestamptz, ends_at timestamptz, capacity integer,
    of_portal integer, of_bookings integer, booked_count integer, available_count integer, is_closed boolean,
    block_reason text, last_synced_at timestamptz, scraped_at timestamptz, is_stale boolean, has_begun boolean
) language sql stable as $$
    select s.id, s.start_time, s.end_time, coalesce(s.starts_at, s.date + s.start_time at time zone c.timezone),
        coalesce(s.ends_at, s.date + s.end_time at time zone c.timezone), s.capacity,
        n.of_portal, n.of_bookings, n.booked_count, greatest(s.capacity - n.booked_count, 0), s.is_closed,
        blocked.reason, synced.at, d.scraped_at,
        coalesce(synced.at < now() - make_interval(secs => limits.seconds), true),
        coalesce(s.date + s.start_time <= now() at time zone c.timezone, false)
    from public.schedule_slots s
    join idexx_sync.clinic_settings c on c.id = s.clinic_id
    join idexx_sync.slot_counts(p_clinic_id, p_date, p_date) n on n.slot_id = s.id
    left join public.clinic_schedule_config k on k.clinic_id = s.clinic_id
    left join idexx_sync.schedule_date_scrapes d on d.clinic_id = s.clinic_id and d.date = s.date
    cross join lateral (select greatest(d.scraped_at, s.last_synced_at) as at) synced
    cross join lateral (
        -- The threshold of another program's configuration, else the freshness goal.
        select coalesce(case when not k.from_portal then k.stale_threshold_minutes * 60 end, c.max_age_seconds, 3600) as seconds
    ) limits
    left join lateral (
        select p.name as reason from public.clinic_blocked_periods p
        where p.clinic_id = s.clinic_id and p.is_active and extract(dow from s.date) = any (p.days_of_week)
            and p.start_time < s.end_time and p.end_time > s.start_time
        order by p.start_time, p.name limit 1
    ) blocked on true
    where s.clinic_id = p_clinic_id and s.date = p_date
$$;

-- The bookings of a day in excess of their slot's capacity, which the portal has filled: those that nobody has confirmed
-- before the others, the latest first. A slot of today that has begun is past help.
create or replace function idexx_sync.conflicts(p_clinic_id uuid, p_date date)
returns table (booking_id uuid, start_time time) language sql stable as $$
    select ranked.booking_id, ranked.start_time from (
        select b.id as booking_id, s.start_time, b.created_at,
            least(s.of_bookings, s.of_portal + s.of_bookings - s.capacity) as excess,
            row_number() over (partition by s.slot_id order by b.status = 'pending' desc, b.created_at desc, b.id) as rank
        from idexx_sync.day_slots(p_clinic_id, p_date) s
        join idexx_sync.live_bookings(p_clinic_id, p_date, p_date) l on l.slot_id = s.slot_id and l.takes_place
        join public.vapi_bookings b on b.id = l.booking_id
        join idexx_sync.clinic_settings c on c.id = p_clinic_id
        where not (s.has_begun and p_date = (now() at time zone c.timezone)::date)
    ) ranked
    where rank <= excess
    order by ranked.start_time, rank
$$;

-- Moves each booking of a day that is in conflict to the next free slot, or marks it; marks those that no longer are as
-- free of conflict. Returns each conflict; `new_time` is null where it stands.
create or replace function idexx_sync.settle_conflicts(p_clinic_id uuid, p_date date, p_may_move boolean)
returns table (booking_id uuid, old_time time, new_time time, client_name text, patient_name text)
language plpgsql volatile as $$
declare
    v_conflict record;
    v_booking public.vapi_bookings;
    v_slot_id uuid;
begin
    perform idexx_sync.recount_slots(p_clinic_id, p_date, p_date);
    update public.vapi_bookings b set has_conflict = false
    where b.id in (
        select f.id from public.vapi_bookings f
        where f.clinic_id = p_clinic_id and f.date = p_date and f.has_conflict
            and f.status in ('pending', 'confirmed', 'rescheduled')
            and f.id not in (select c.booking_id from idexx_sync.conflicts(p_clinic_id, p_date) c)
        for no key update skip locked
    );
    for v_conflict in select c.booking_id, c.start_time from idexx_sync.conflicts(p_clinic_id, p_date) c loop
        -- A booking that a program is writing is left to the next sync: waiting for it could block both.
        select b.* into v_booking from public.vapi_bookings b
        where b.id = v_conflict.booking_id for no key update skip locked;
        continue when not found;
        v_slot_id := null;
        new_time := null;
        if p_may_move then
            select s.slot_id, s.start_time into v_slot_id, new_time from idexx_sync.day_slots(p_clinic_id, p_date) s
            where s.start_time > v_conflict.start_time and s.available_count > 0 and not s.is_closed
                and s.block_reason is null
            order by s.start_time limit 1;
        end if;
        booking_id := v_booking.id;
        old_time := v_booking.start_time;
        client_name := v_booking.client_name;
        patient_name := v_booking.patient_name;
        if new_time is not null then
            update public.vapi_bookings b set
                slot_id = v_slot_id, start_time = settle_conflicts.new_time, has_conflict = false,
                -- Whether it is real is still to be decided where its hold has expired.
                status = case when b.status = 'pending' and b.hold_expires_at <= now() then b.status else 'rescheduled' end,
                original_date = coalesce(b.original_date, b.date),
                original_time = coalesce(b.original_time, b.start_time),
                rescheduled_at = now(), rescheduled_reason = 'the portal filled the slot'
            where b.id = v_booking.id;
        elsif not v_booking.has_conflict then
            update public.vapi_bookings b set has_conflict = true where b.id = v_booking.id;
        end if;
        return next;
    end loop;
end $$;

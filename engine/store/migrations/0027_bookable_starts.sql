-- Which times a clinic can offer, and why not the others. `judged_starts` is the only function that decides: the offer,
-- its explanation and the counts of the slots are views of it. Times without a zone are those of the clinic's clock.

-- A zone under a name that `at time zone` reads as a zone. It reads these four as abbreviations, which have one offset.
create or replace function idexx_sync.unabbreviated_zone(p_zone text) returns text language sql immutable as $$
    select case upper(p_zone) when 'WET' then 'Europe/Lisbon' when 'CET' then 'Europe/Brussels'
        when 'MET' then 'Europe/Brussels' when 'EET' then 'Europe/Athens' else p_zone end
$$;

-- What a clinic offers by: its settings, and the defaults where it has none.
create or replace view idexx_sync.offer_terms with (security_invoker = true) as
select s.id as clinic_id, s.slug, idexx_sync.unabbreviated_zone(s.timezone) as timezone, s.resources, p.rooms, p.appointment_types, p.providers, p.read_at,
    p.hours_read_at,
    coalesce(p.slot_minutes, k.slot_duration_minutes, 15) as slot_minutes,
    r.grid_minutes, r.default_minutes, r.notice_minutes, r.horizon_days,
    coalesce(r.max_age_seconds, s.max_age_seconds, 3600) as max_age_seconds,
    -- How many places the predecessor counted, until the columns are chosen; null: it was not here.
    case when exists (select from idexx_sync.predecessor_objects) then k.default_capacity end as default_capacity
from idexx_sync.clinic_settings s
left join idexx_sync.clinic_portal_config p on p.clinic_id = s.id
left join public.clinic_schedule_config k on k.clinic_id = s.id and not k.from_portal
left join idexx_sync.clinic_rules r on r.clinic_id = s.id;

-- A clinic's opening hours: the portal's, else those of another program's configuration. `to_minute` may lie beyond 1440.
create or replace function idexx_sync.open_hours(p_clinic_id uuid)
returns table (weekday integer, from_minute integer, to_minute integer) language sql stable as $$
    select h.weekday::integer, h.opens_minute::integer, h.closes_minute::integer
    from idexx_sync.clinic_open_hours h where h.clinic_id = p_clinic_id
    union all
    select distinct day, (extract(epoch from k.open_time) / 60)::integer,
        (extract(epoch from k.close_time) / 60)::integer + case when k.close_time > k.open_time then 0 else 1440 end
    from public.clinic_schedule_config k cross join unnest(k.days_of_week) day
    where k.clinic_id = p_clinic_id and not k.from_portal and day between 0 and 6
        and not exists (select from idexx_sync.clinic_open_hours h where h.clinic_id = p_clinic_id)
$$;

-- The times that are never offered on days of a range: recurring ones of ours and of the predecessor, and single ones.
-- `reason` is null where it may be personal data: another program or a person wrote it for the clinic's own eyes.
create or replace function idexx_sync.blocked_times(p_clinic_id uuid, p_first date, p_last date, p_zone text)
returns table (origin text, starts timestamp, ends timestamp, reason text) language sql stable as $$
    select 'recurring_blocks/' || coalesce(b.weekday::text, '*'), d.day + b.from_minute * interval '1 minute',
        d.day + b.to_minute * interval '1 minute', b.reason
    from idexx_sync.recurring_blocks b
    cross join (select (p_first + n) as day from generate_series(0, p_last - p_first) n) d
    where b.clinic_id = p_clinic_id and (b.weekday is null or b.weekday = extract(dow from d.day))
    union all
    select 'public.clinic_blocked_periods', d.day + b.start_time, d.day + b.end_time, null
    from public.clinic_blocked_periods b
    cross join (select (p_first + n) as day from generate_series(0, p_last - p_first) n) d
    where b.clinic_id = p_clinic_id and b.is_active and extract(dow from d.day) = any (b.days_of_week)
    union all
    select 'idexx_sync.blocked_periods', b.starts_at at time zone p_zone, b.ends_at at time zone p_zone, null
    from idexx_sync.blocked_periods b
    where b.clinic_id = p_clinic_id and (b.ends_at at time zone p_zone) > (b.starts_at at time zone p_zone)
        and b.starts_at < (p_last + 1)::timestamp at time zone p_zone and b.ends_at > p_first::timestamp at time zone p_zone
$$;

-- The bookings of a range that are not cancelled: see 0021. `p_now`: the instant at which holds are held or expired.
create or replace function idexx_sync.bookings_at(
    p_clinic_id uuid, p_start_date date, p_end_date date, p_now timestamptz
)
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
            when b.hold_expires_at is null or b.hold_expires_at > p_now then 'held'
            when (select expired_holds from idexx_sync.booking_settings) = 'release' then 'released'
            else 'expired'
        end as state
    ) live
    where b.clinic_id = p_clinic_id and b.date between p_start_date and p_end_date
        and b.status in ('pending', 'confirmed', 'rescheduled')
$$;
create or replace function idexx_sync.live_bookings(p_clinic_id uuid, p_start_date date, p_end_date date)
returns table (booking_id uuid, date date, slot_id uuid, starts timestamp, ends timestamp, state text, takes_place boolean)
language sql stable as $$
    select * from idexx_sync.bookings_at(p_clinic_id, p_start_date, p_end_date, now())
$$;

-- Everything that takes time of a range's days: appointments, blocks, bookings and holds. `takes_column` is false for
-- appointments of types that never count. What has no column takes any one of them, and a block takes every one.
create or replace function idexx_sync.taken_times(
    p_clinic_id uuid, p_first date, p_last date, p_zone text, p_now timestamptz
)
returns table (kind text, id uuid, room_id text, provider_name text, takes_column boolean, starts timestamp, ends timestamp)
language sql stable as $$
    with shown as (
        select a.id, a.room_id, a.provider_name, a.appointment_type, a.date + a.start_time as starts,
            a.date + a.end_time + case when a.end_time < a.start_time then interval '1 day' else interval '0' end as ends,
            -- The end of what lasts a day or longer: its time of day is not enough.
            case when a.ends_at - a.starts_at >= interval '23 hours' then
                a.date + a.start_time + (a.ends_at at time zone p_zone - a.starts_at at time zone p_zone) end as far_end
        from public.schedule_appointments a
        where a.clinic_id = p_clinic_id and a.deleted_at is null and a.status not in ('cancelled', 'no_show')
            and a.date between p_first - 1 and p_last
        union all
        select a.id, a.room_id, a.provider_name, a.appointment_type, a.date + a.start_time, null,
            a.date + a.start_time + (a.ends_at at time zone p_zone - a.starts_at at time zone p_zone)
        from public.schedule_appointments a
        where a.clinic_id = p_clinic_id and a.deleted_at is null and a.status not in ('cancelled', 'no_show')
            and a.date < p_first - 1 and a.ends_at - a.starts_at >= interval '23 hours'
            and a.ends_at > (p_first - 1)::timestamp at time zone p_zone
    )
    select case when s.appointment_type = 'block' then 'block' else 'appointment' end, s.id, nullif(s.room_id, ''),
        s.provider_name, t.type is null, s.starts,
        -- What has no length takes the moment of its start.
        greatest(s.starts + interval '1 second', s.ends, s.far_end)
    from shown s
    left join idexx_sync.type_rules t
        on t.clinic_id = p_clinic_id and not t.counts and lower(t.type) = lower(s.appointment_type)
    union all
    select case when b.state = 'held' then 'hold' else 'booking' end, b.booking_id, null, null, true, b.starts,
        -- A booking by telephone has no length of its own: it takes its slot, or what the clinic offers if that is longer.
        greatest(b.ends, b.starts + coalesce(r.default_minutes, r.grid_minutes, 0) * interval '1 minute')
    from idexx_sync.bookings_at(p_clinic_id, p_first - 1, p_last, p_now) b
    left join idexx_sync.clinic_rules r on r.clinic_id = p_clinic_id
    where b.takes_place
$$;

-- What is known of the age of each date of a range. `doubt`: why it is stale, or null.
create or replace function idexx_sync.date_ages(
    p_clinic_id uuid, p_first date, p_last date, p_max_age_seconds integer, p_now timestamptz
)
returns table (date date, read_at timestamptz, doubt text) language sql stable as $$
    select d.day, known.read_at, case
        when known.read_at is null then 'never_read'
        when known.read_at < p_now - p_max_age_seconds * interval '1 second' then 'too_old'
        when s.failed_at > s.scraped_at then 'failed'
        else (
            select min(w ->> 'code') from idexx_sync.schedule_sync_dates x cross join jsonb_array_elements(x.warnings) w
            where x.sync_id = s.sync_id and x.date = d.day and x.warnings <> '[]'
                and w ->> 'code' in ('open_days_empty', 'records_left_out', 'calendar_contradicted')
        )
    end
    from (select p_first + n as day from generate_series(0, p_last - p_first) n) d
    left join idexx_sync.schedule_date_scrapes s on s.clinic_id = p_clinic_id and s.date = d.day
    cross join lateral (
        -- A date that only the predecessor has read.
        select coalesce(s.scraped_at, (
            select max(o.last_synced_at) from public.schedule_slots o where o.clinic_id = p_clinic_id and o.date = d.day
        )) as read_at
    ) known
$$;

-- The instant of a local time, the earlier one if it exists twice; null if clocks skip it.
create or replace function idexx_sync.instant_of(p_local timestamp, p_zone text) returns timestamptz
language sql stable as $$
    select min(t.at) from (
        select p_local at time zone p_zone - shift * interval '30 minutes' as at from generate_series(0, 4) shift
    ) t
    where t.at at time zone p_zone = p_local
$$;

-- The first instant after `p_from`, and before `p_to`, at which the zone's clocks have changed; to the minute.
create or replace function idexx_sync.clock_change(p_from timestamptz, p_to timestamptz, p_zone text) returns timestamptz
language sql stable as $$
    select t.at from generate_series(p_from, p_to, interval '1 minute') t (at)
    where t.at at time zone p_zone - p_from at time zone p_zone <> t.at - p_from
    order by t.at limit 1
$$;

-- How long an appointment lasts: as asked, else as its type says, else as the clinic has set.
create or replace function idexx_sync.start_minutes(t idexx_sync.offer_terms, p_type text, p_minutes integer) returns integer
language sql stable as $$
    select coalesce(p_minutes, least(1440, coalesce(
        (select r.minutes from idexx_sync.type_rules r where r.clinic_id = t.clinic_id and lower(r.type) = lower(p_type)),
        (select nullif((a ->> 'duration_slots')::integer, 0) * t.slot_minutes
            from jsonb_array_elements(t.appointment_types) a where lower(a ->> 'name') = lower(p_type) limit 1),
        t.default_minutes, t.grid_minutes, t.slot_minutes
    )))
$$;

-- What the zone's clocks show during an interval; `two` is null unless they change within it.
create or replace function idexx_sync.local_spans(p_from timestamptz, p_to timestamptz, p_zone text)
returns table (one tsrange, two tsrange) language sql stable as $$
    select tsrange(l.starts, case when c.at is null then l.ends else l.starts + (c.at - p_from) end),
        case when c.at < p_to then tsrange(c.at at time zone p_zone, l.ends) end
    from (select p_from at time zone p_zone as starts, p_to at time zone p_zone as ends offset 0) l
    left join lateral (
        select idexx_sync.clock_change(p_from, p_to, p_zone) as at where l.ends - l.starts <> p_to - p_from
    ) c on true
$$;

-- Whether the offset of the zone differs between two instants.
create or replace function idexx_sync.clocks_differ(one timestamptz, other timestamptz, p_zone text) returns boolean
language sql stable as $$
    select one at time zone p_zone - one at time zone 'UTC' <> other at time zone p_zone - other at time zone 'UTC'
$$;

-- The columns of a clinic's calendar, in the portal's order: whether each counts, what takes its time, and which of them an
-- appointment may use. Until a person has chosen, every column that is known counts.
create or replace function idexx_sync.columns_of(t idexx_sync.offer_terms, p_type text, p_column text)
returns table (id text, name text, rank bigint, may_use boolean) language sql stable as $$
    select coalesce(c.id, r.id), r.name, coalesce(r.rank, 1000000 + c.rank),
        (p_column is null or p_column = coalesce(c.id, r.id))
        and (k.columns is null or coalesce(c.id, r.id) = any (k.columns))
    from (
        select distinct on (x.room ->> 'id') x.room ->> 'id' as id, x.room ->> 'name' as name, x.rank
        from jsonb_array_elements(t.rooms) with ordinality x (room, rank) order by x.room ->> 'id', x.rank
    ) r
    full join (
        select distinct on (x.id) x.id, x.rank from unnest(t.resources) with ordinality x (id, rank)
        order by x.id, x.rank
    ) c on c.id = r.id
    left join idexx_sync.type_rules k on k.clinic_id = t.clinic_id and lower(k.type) = lower(p_type)
    where case when t.resources is null then r.id is not null else c.id is not null and (t.rooms is null or r.id is not null) end
$$;

-- How many appointments fit at one time: the columns that count; until they are chosen, no more than the predecessor counted.
create or replace function idexx_sync.places_of(t idexx_sync.offer_terms) returns integer language sql stable as $$
    select case
        when t.resources is null and t.rooms is null and t.default_capacity is not null then t.default_capacity
        when t.resources is null then least(t.default_capacity, count(*)::integer)
        else count(*)::integer end
    from idexx_sync.columns_of(t, null, null)
$$;

-- Whether something in the calendar takes a provider's time: it names the provider (`p_provider` is a name, or the portal's
-- id of one), or stands in a column that has the provider's name.
create or replace function idexx_sync.is_of_provider(
    t idexx_sync.offer_terms, p_name text, p_room_id text, p_provider text
) returns boolean language sql stable as $$
    select coalesce(lower(p_name) in (
            select lower(p_provider) union all
            select lower(p ->> 'name') from jsonb_array_elements(t.providers) p where p ->> 'id' = p_provider
        ), false)
        or coalesce(p_room_id in (
            select r ->> 'id' from jsonb_array_elements(t.rooms) r where lower(r ->> 'name') in (
                select lower(p_provider) union all
                select lower(p ->> 'name') from jsonb_array_elements(t.providers) p where p ->> 'id' = p_provider
            )
        ), false)
$$;

-- Judges whether an appointment may take each of the given intervals. `denied`: the rules that forbid it, in the order of
-- engine/offer/rule.py; empty: it can be booked. `columns`: those that can be given to callers at once; `column_count`:
-- their number. Both are what is free, whatever `denied` says. `p_names_rules` false: `denied` is only empty or not. `of_portal` and `of_bookings`: places that are taken.
--
-- A minute counts by what the clinic's clock shows: where an hour exists twice, what is in the calendar at that time takes
-- both. A booking has no column until the portal shows it: it takes one of those that are free at its time.
create or replace function idexx_sync.judged_starts(
    p_clinic_id uuid, p_starts timestamptz[], p_ends timestamptz[], p_type text, p_column text, p_provider text,
    p_now timestamptz, p_names_rules boolean default true
)
returns table (
    n bigint, starts_at timestamptz, ends_at timestamptz, date date, start_time time, denied text[], columns text[],
    column_count integer, of_portal integer, of_bookings integer
) language plpgsql stable set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    t idexx_sync.offer_terms;
    v_zone text;
    v_first date;
    v_last date;
    v_is_plain boolean;
    v_always text[];
    v_places integer;
    -- A clinic of the predecessor whose columns were never read: its places have no ids.
    v_is_nameless boolean;
    v_ids text[];
    -- How many there are, and the ids of those that the type and the request allow.
    v_columns integer;
    v_usable text[];
    v_may_use_all boolean;
    v_taken tsmultirange[];
    -- What has no column: appointments, and bookings ("calls").
    v_loose tsrange[];
    v_loose_is_call boolean[];
    v_visit_starts timestamp[];
    v_visit_ends timestamp[];
    v_call_starts timestamp[];
    v_call_ends timestamp[];
    v_tick interval := interval '1 microsecond';
    v_allowed tsmultirange;
    v_denied text[] := '{denied}';
    v_clinic_blocked tsmultirange;
    v_provider_taken tsmultirange;
    v_open tsmultirange;
    v_windows tsmultirange;
    v_blocked tsmultirange;
    v_closed tsmultirange;
    v_stale tsmultirange;
    v_grid interval;
    v_earliest timestamptz;
    v_last_day date;
begin
    select * into t from idexx_sync.offer_terms x where x.clinic_id = p_clinic_id;
    if t.clinic_id is null or coalesce(cardinality(p_starts), 0) = 0 then
        return;
    end if;
    v_zone := coalesce(t.timezone, 'UTC');
    select (min(s) at time zone v_zone)::date, (max(e) at time zone v_zone)::date,
        not idexx_sync.clocks_differ(min(s) - interval '1 day', max(e), v_zone)
    into v_first, v_last, v_is_plain from unnest(p_starts, p_ends) x (s, e);

    -- What takes time.
    with taken as materialized (
        select * from idexx_sync.taken_times(p_clinic_id, v_first, v_last, v_zone, p_now)
    ), by_column as (
        select x.room_id, range_agg(tsrange(x.starts, x.ends)) as taken from taken x
        where x.takes_column and x.room_id is not null group by x.room_id
    ), named as (
        select c.id, c.rank, c.may_use from idexx_sync.columns_of(t, p_type, p_column) c
        union all
        -- Until columns are chosen, an appointment takes a place whatever its column is.
        select x.room_id, 2000000, false from by_column x
        where t.resources is null and not exists (
            select from jsonb_array_elements(t.rooms) r where r ->> 'id' = x.room_id
        )
    ), lists as (
        select array_agg(c.id order by c.rank, c.id) as ids, array_agg(c.id) filter (where c.may_use) as usable,
            array_agg(coalesce(x.taken, '{}') order by c.rank, c.id) as taken
        from named c left join by_column x on x.room_id = c.id
    ), loose as (
        select array_agg(tsrange(x.starts, x.ends)) as spans, array_agg(x.kind <> 'appointment') as is_call,
            array_agg(x.starts order by x.starts) filter (where x.kind = 'appointment') as visit_starts,
            array_agg(x.ends order by x.ends) filter (where x.kind = 'appointment') as visit_ends,
            array_agg(x.starts order by x.starts) filter (where x.kind <> 'appointment') as call_starts,
            array_agg(x.ends order by x.ends) filter (where x.kind <> 'appointment') as call_ends
        from taken x where x.takes_column and x.room_id is null and x.kind <> 'block'
    )
    select l.ids, coalesce(l.usable, '{}'), l.taken, o.spans, o.is_call, coalesce(o.visit_starts, '{}'), coalesce(o.visit_ends, '{}'),
        coalesce(o.call_starts, '{}'), coalesce(o.call_ends, '{}'),
        (select range_agg(tsrange(x.starts, x.ends)) from taken x where x.kind = 'block' and x.room_id is null),
        (select range_agg(tsrange(x.starts, x.ends)) from taken x
            where p_provider is not null and idexx_sync.is_of_provider(t, x.provider_name, x.room_id, p_provider))
    into v_ids, v_usable, v_taken, v_loose, v_loose_is_call, v_visit_starts, v_visit_ends, v_call_starts, v_call_ends,
        v_clinic_blocked, v_provider_taken
    from lists l cross join loose o;

    -- When the clinic lets callers book.
    select range_agg(tsrange(d.day + h.from_minute * interval '1 minute', d.day + h.to_minute * interval '1 minute'))
    into v_open
    from (select v_first + x as day from generate_series(-1, v_last - v_first) x) d
    join idexx_sync.open_hours(p_clinic_id) h on h.weekday = extract(dow from d.day);
    if exists (select from idexx_sync.bookable_windows w where w.clinic_id = p_clinic_id) then
        select coalesce(
            range_agg(tsrange(d.day + w.from_minute * interval '1 minute', d.day + w.to_minute * interval '1 minute')), '{}')
        into v_windows
        from (select v_first + x as day from generate_series(0, v_last - v_first) x) d
        join idexx_sync.bookable_windows w on w.weekday = extract(dow from d.day) and w.clinic_id = p_clinic_id;
    end if;
    select range_agg(tsrange(b.starts, b.ends)) into v_blocked
    from idexx_sync.blocked_times(p_clinic_id, v_first, v_last, v_zone) b;
    select range_agg(tsrange(c.date, c.date + 1)) into v_closed
    from idexx_sync.closed_days c where c.clinic_id = p_clinic_id and c.date between v_first and v_last;
    select range_agg(tsrange(a.date, a.date + 1)) into v_stale
    from idexx_sync.date_ages(p_clinic_id, v_first, v_last, t.max_age_seconds, p_now) a where a.doubt is not null;

    v_open := coalesce(v_open, '{}');
    v_blocked := coalesce(v_blocked, '{}');
    v_closed := coalesce(v_closed, '{}');
    v_stale := coalesce(v_stale, '{}');
    v_clinic_blocked := coalesce(v_clinic_blocked, '{}');
    v_provider_taken := coalesce(v_provider_taken, '{}');
    v_grid := coalesce(t.grid_minutes, t.slot_minutes) * interval '1 minute';
    v_earliest := p_now + coalesce(t.notice_minutes, 0) * interval '1 minute';
    v_last_day := (p_now at time zone v_zone)::date + t.horizon_days - 1;

    v_columns := coalesce(cardinality(v_ids), 0);
    v_may_use_all := v_columns = cardinality(v_usable);
    v_places := idexx_sync.places_of(t);
    v_is_nameless := t.resources is null and t.rooms is null and t.default_capacity is not null;
    v_always := array_remove(array[
        case when t.timezone is null then 'time_zone' end,
        case when v_places = 0 or (t.resources is null and t.default_capacity is null) then 'columns_not_chosen' end,
        case when p_type is not null and t.appointment_types is not null
            and not exists (
                select from jsonb_array_elements(t.appointment_types) a where lower(a ->> 'name') = lower(p_type))
            and not exists (
                select from idexx_sync.type_rules r where r.clinic_id = p_clinic_id and lower(r.type) = lower(p_type))
            then 'unknown_type' end,
        case when p_provider is not null and jsonb_array_length(t.providers) > 0 and not exists (
            select from jsonb_array_elements(t.providers) p
            where lower(p ->> 'name') = lower(p_provider) or p ->> 'id' = p_provider) then 'unknown_provider' end,
        case when p_column is not null and p_column not in (select c.id from idexx_sync.columns_of(t, null, null) c)
            or p_column is not null and v_is_nameless then 'column_does_not_count' end,
        case when exists (
            select from idexx_sync.type_rules r
            where r.clinic_id = p_clinic_id and lower(r.type) = lower(p_type) and r.columns is not null
                and (v_is_nameless or not exists (
                    select from idexx_sync.columns_of(t, p_type, null) c where c.may_use
                        and (p_column is null or c.id = p_column)))) then 'type_columns' end
    ], null);

    v_allowed := v_open - v_blocked - v_closed - v_stale - v_clinic_blocked - v_provider_taken;
    if v_windows is not null then
        v_allowed := v_allowed * v_windows;
    end if;

    return query
    with spans as materialized (
        -- The local times of each interval; two spans where clocks change within it.
        select x.n, x.s as at, x.e as until, l.starts, tsrange(l.starts, l.starts + (x.e - x.s)) as one, null::tsrange as two
        from unnest(p_starts, p_ends) with ordinality x (s, e, n)
        cross join lateral (select x.s at time zone v_zone as starts offset 0) l
        where v_is_plain
        union all
        select x.n, x.s, x.e, lower(l.one), l.one, l.two
        from unnest(p_starts, p_ends) with ordinality x (s, e, n)
        cross join lateral idexx_sync.local_spans(x.s, x.e, v_zone) l
        where not v_is_plain
    ), counted as (
        select s.*, l.appointments, l.bookings, v_columns - coalesce(cardinality(f.free), 0) as busy, case
                when v_may_use_all then f.free
                else (select array_agg(x.id) from unnest(f.free) x (id) where x.id = any (v_usable)) end as free
        from spans s
        cross join lateral (
            select array_agg(u.id) filter (where not case when s.two is null then u.taken && s.one
                else u.taken && s.one or u.taken && s.two end) as free
            from unnest(v_ids, v_taken) u (id, taken)
        ) f
        cross join lateral (
            -- What overlaps has begun before the end, and not ended by the beginning.
            select width_bucket(upper(s.one) - v_tick, v_visit_starts) - width_bucket(lower(s.one), v_visit_ends) as appointments,
                width_bucket(upper(s.one) - v_tick, v_call_starts) - width_bucket(lower(s.one), v_call_ends) as bookings
            where s.two is null
            union all
            select count(*) filter (where not u.is_call), count(*) filter (where u.is_call)
            from unnest(v_loose, v_loose_is_call) u (span, is_call)
            where s.two is not null and (u.span && s.one or u.span && s.two)
            having s.two is not null
        ) l
    ), places as (
        select c.*,
            -- What the portal leaves, and what is left beside the bookings.
            least(u.usable, v_places - c.busy - c.appointments)::integer as of_calendar,
            greatest(least(u.usable, v_places - c.busy - c.appointments - c.bookings), 0)::integer as left_over
        from counted c
        cross join lateral (
            select case when v_is_nameless then v_places else coalesce(cardinality(c.free), 0) end as usable
        ) u
    )
    select p.n, p.at, p.until, p.starts::date, p.starts::time,
        case
            -- Nothing forbids it: the rest only says what does.
            when v_always = '{}' and p.left_over > 0 and v_allowed @> p.one and coalesce(v_allowed @> p.two, true)
                and p.at >= v_earliest and (v_last_day is null or p.starts::date <= v_last_day)
                and date_bin(v_grid, p.starts, p.starts::date::timestamp) = p.starts
                and (v_is_plain or idexx_sync.instant_of(p.starts, v_zone) = p.at) then '{}'
            when not p_names_rules then v_denied
            else v_always || array_remove(array[
                case when not v_is_plain and idexx_sync.instant_of(p.starts, v_zone) <> p.at then 'clock_change' end,
                case when p.at < p_now then 'past' end,
                case when p.at >= p_now and p.at < v_earliest then 'notice' end,
                case when p.starts::date > v_last_day then 'horizon' end,
                case when v_stale && p.one or coalesce(v_stale && p.two, false) then 'stale' end,
                case when date_bin(v_grid, p.starts, p.starts::date::timestamp) <> p.starts then 'grid' end,
                case when v_closed && p.one or coalesce(v_closed && p.two, false) then 'closed_day' end,
                case when not (v_open @> p.one and coalesce(v_open @> p.two, true)) then 'opening_hours' end,
                case when v_windows is not null and not (v_windows @> p.one and coalesce(v_windows @> p.two, true))
                    then 'bookable_windows' end,
                case when v_blocked && p.one or coalesce(v_blocked && p.two, false) then 'recurring_block' end,
                case when v_clinic_blocked && p.one or coalesce(v_clinic_blocked && p.two, false) then 'clinic_block' end,
                case when v_provider_taken && p.one or coalesce(v_provider_taken && p.two, false) then 'provider_busy' end,
                -- Without a usable column, the rule that leaves none has said so.
                case when p.of_calendar <= 0 and (v_always = '{}' or v_is_nameless or v_usable <> '{}') then 'column_taken' end,
                case when p.of_calendar > 0 and p.left_over = 0 then 'booking' end
            ], null)
        end,
        case when p.left_over = cardinality(p.free) then p.free else coalesce(p.free[1:p.left_over], '{}') end, p.left_over,
        case when v_clinic_blocked && p.one or coalesce(v_clinic_blocked && p.two, false)
            then greatest(v_places, p.busy + p.appointments) else p.busy + p.appointments end::integer,
        p.bookings::integer
    from places p;
end $$;

-- The starts of a clinic's grid in [p_from, p_to) at which it is open, in order: what is judged.
create or replace function idexx_sync.grid_starts(t idexx_sync.offer_terms, p_from timestamptz, p_to timestamptz)
returns timestamptz[] language plpgsql stable as $$
declare
    v_first constant date := p_from at time zone t.timezone;
    v_last constant date := p_to at time zone t.timezone;
    v_grid constant integer := coalesce(t.grid_minutes, t.slot_minutes);
    v_offset interval;
begin
    if not idexx_sync.clocks_differ(p_from - interval '1 day', p_to + interval '1 day', t.timezone) then
        v_offset := p_from at time zone t.timezone - p_from at time zone 'UTC';
    end if;
    return (
        select array_agg(s.at order by s.at) from (
            select distinct case when v_offset is null
                then idexx_sync.instant_of(d.day + m.minute * interval '1 minute', t.timezone)
                else d.midnight + m.minute * interval '1 minute' end as at
            from (
                -- The stretches of each weekday, cut at midnight.
                select h.weekday, h.from_minute, least(h.to_minute, 1440) as to_minute
                from idexx_sync.open_hours(t.clinic_id) h
                union all
                select (h.weekday + 1) % 7, greatest(h.from_minute - 1440, 0), h.to_minute - 1440
                from idexx_sync.open_hours(t.clinic_id) h where h.to_minute > 1440
            ) h
            join (
                select v_first + x as day, (v_first + x - v_offset) at time zone 'UTC' as midnight
                from generate_series(0, v_last - v_first) x offset 0
            ) d on extract(dow from d.day) = h.weekday
            cross join lateral generate_series(
                (h.from_minute + v_grid - 1) / v_grid * v_grid, h.to_minute - 1, v_grid) m (minute)
        ) s
        where s.at >= p_from and s.at < p_to
    );
end $$;

-- The starts in [p_from, p_to) that can be booked, in order: each with the columns that are free for the whole length.
create or replace function idexx_sync.bookable_starts(
    p_clinic_id uuid, p_from timestamptz, p_to timestamptz, p_type text default null, p_minutes integer default null,
    p_column text default null, p_provider text default null, p_now timestamptz default now()
)
returns table (
    starts_at timestamptz, ends_at timestamptz, date date, start_time time, columns text[], column_count integer
) language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    t idexx_sync.offer_terms;
    v_last date;
    v_from timestamptz;
    v_to timestamptz;
    v_length interval;
    v_starts timestamptz[];
begin
    if p_minutes not between 1 and 1440 then
        raise exception using errcode = '22023', message = format('p_minutes: %s is out of range; use 1 to 1440', p_minutes);
    end if;
    if not idexx_sync.may_read_clinic(p_clinic_id) then
        return;
    end if;
    select * into t from idexx_sync.offer_terms x where x.clinic_id = p_clinic_id;
    -- Nothing is offered before now, or after the last date that was read: what comes in between is judged.
    v_last := greatest(
        (select max(d.date) from idexx_sync.schedule_date_scrapes d where d.clinic_id = p_clinic_id),
        (select max(s.date) from public.schedule_slots s where s.clinic_id = p_clinic_id));
    if t.timezone is null or v_last is null then
        return;
    end if;
    v_from := greatest(p_from, p_now);
    v_to := least(p_to, (v_last + 1)::timestamp at time zone t.timezone);
    if v_from >= v_to then
        return;
    end if;
    v_length := idexx_sync.start_minutes(t, p_type, p_minutes) * interval '1 minute';
    v_starts := idexx_sync.grid_starts(t, v_from, v_to);

    return query
    select j.starts_at, j.ends_at, j.date, j.start_time, j.columns, j.column_count
    from idexx_sync.judged_starts(p_clinic_id, v_starts, (select array_agg(s + v_length) from unnest(v_starts) s),
        p_type, p_column, p_provider, p_now, false) j
    where j.denied = '{}' order by j.n;
end $$;

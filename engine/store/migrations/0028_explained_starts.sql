-- Why a start can be booked, or why not. What decides is `judged_starts`; the rest says where each rule comes from.

-- Who set a rule, for `explain_start`.
create or replace function idexx_sync.source_of_rule(p_clinic_id uuid, p_rule text) returns jsonb language sql stable as $$
    select jsonb_build_object('kind', 'setting', 'rule', coalesce(o.rule, p_rule), 'set_by', o.set_by, 'set_at', o.set_at)
    from (select 1) one
    left join lateral (
        -- A weekday without bookable times offers nothing because the others have some: who set those has closed it.
        select r.* from idexx_sync.rule_origins r
        where r.clinic_id = p_clinic_id and (r.rule = p_rule
            or p_rule like 'bookable\_windows/%' and r.rule like 'bookable\_windows/%')
        order by r.rule = p_rule desc, r.set_at desc limit 1
    ) o on true
$$;

-- A number and what it counts: 1 minute, 2 minutes.
create or replace function idexx_sync.counted_text(p_count bigint, p_noun text) returns text language sql immutable as $$
    select p_count || ' ' || p_noun || case when p_count = 1 then '' else 's' end
$$;

create or replace function idexx_sync.minutes_as_text(p_minute integer) returns text language sql immutable as $$
    select lpad((p_minute / 60)::text, 2, '0') || ':' || lpad((p_minute % 60)::text, 2, '0')
$$;

-- The columns of a clinic at an interval: whether each can be given to a caller, and what takes it. `p_free`: those that
-- `judged_starts` found. What has no column takes one of those that are left: `in_column` is false, and which one is not known.
create or replace function idexx_sync.explained_columns(
    t idexx_sync.offer_terms, p_one tsrange, p_two tsrange, p_type text, p_column text, p_free text[], p_now timestamptz
) returns jsonb language sql stable as $$
    with taken as materialized (
        select x.*, jsonb_build_object('kind', x.kind, 'id', x.id,
            'in_column', x.room_id is not null or x.kind = 'block',
            'starts_at', x.starts at time zone coalesce(t.timezone, 'UTC'),
            'ends_at', x.ends at time zone coalesce(t.timezone, 'UTC')) as shown
        from idexx_sync.taken_times(t.clinic_id, lower(p_one)::date, upper(coalesce(p_two, p_one))::date,
            coalesce(t.timezone, 'UTC'), p_now) x
        where x.takes_column
            and (tsrange(x.starts, x.ends) && p_one or coalesce(tsrange(x.starts, x.ends) && p_two, false))
    ), columns as (
        select c.*, coalesce(c.id = any (p_free), false)
                and not exists (select from taken x where x.room_id is null and x.kind = 'block') as is_free,
            (select jsonb_agg(x.shown order by x.starts, x.id) from taken x
                where x.room_id = c.id or (x.room_id is null and x.kind = 'block')) as taken_by
        from idexx_sync.columns_of(t, p_type, p_column) c
    )
    select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'name', c.name, 'free', c.is_free, 'may_use', c.may_use,
        'taken_by', coalesce(c.taken_by, case when c.may_use and not c.is_free then (
            select jsonb_agg(x.shown order by x.starts, x.id) from taken x where x.room_id is null) end, '[]'))
        order by c.rank, c.id), '[]')
    from columns c
$$;

-- The rules that decide about a start, in their order: each with its value, its source, and what would change it.
-- Personal data is left out: names of clients and patients, titles of blocks, reasons of closed days and of other programs'
-- blocked periods. The reason of a recurring block of ours is a rule of the clinic, such as lunch.
create or replace function idexx_sync.start_reasons(
    t idexx_sync.offer_terms, j record, p_one tsrange, p_two tsrange, p_type text, p_minutes integer, p_column text,
    p_provider text, p_now timestamptz, p_is_length_asked boolean
) returns jsonb language plpgsql stable as $$
declare
    v_zone text := coalesce(t.timezone, 'UTC');
    v_last date := upper(coalesce(p_two, p_one))::date;
    v_weekday integer := extract(dow from j.date);
    v_set text := format('idexx-sync clinic rules set %s', t.slug);
    v_portal jsonb := jsonb_build_object('kind', 'portal', 'read_at', t.read_at);
    v_default jsonb := jsonb_build_object('kind', 'default');
    v_provider_ids jsonb;
    v_rule idexx_sync.type_rules;
    v_of_type integer;
begin
    select * into v_rule from idexx_sync.type_rules r where r.clinic_id = t.clinic_id and lower(r.type) = lower(p_type);
    v_of_type := (select nullif((a ->> 'duration_slots')::integer, 0) * t.slot_minutes
        from jsonb_array_elements(t.appointment_types) a where lower(a ->> 'name') = lower(p_type) limit 1);
    return (
        with taken as materialized (
            select x.* from idexx_sync.taken_times(t.clinic_id, j.date, v_last, v_zone, p_now) x
            where tsrange(x.starts, x.ends) && p_one or coalesce(tsrange(x.starts, x.ends) && p_two, false)
        ), counting as materialized (
            select c.*, not exists (select from taken x where x.takes_column and x.room_id = c.id) as is_free
            from idexx_sync.columns_of(t, p_type, p_column) c
        ), places as (
            -- What the portal leaves, as `judged_starts` counts it: one column less for each appointment without a column.
            select p.total, p.loose, greatest(least(p.usable, idexx_sync.places_of(t) - j.of_portal), 0) as free
            from (
                select coalesce(nullif(count(*), 0), idexx_sync.places_of(t)) as total,
                    case when count(*) = 0 then idexx_sync.places_of(t) else count(*) filter (where c.is_free) end as usable,
                    (select count(*) from taken x
                        where x.takes_column and x.room_id is null and x.kind = 'appointment') as loose
                from counting c where c.may_use
            ) p
        ), aged as (
            -- The date that is stale, else the first.
            select a.* from idexx_sync.date_ages(t.clinic_id, j.date, v_last, t.max_age_seconds, p_now) a
            order by a.doubt is null, a.date limit 1
        ), said (rank, rule, value, source, change) as (
            select 1, 'time_zone', 'the clinic has no time zone', v_default,
                format('idexx-sync clinic add %s --name NAME --timezone ZONE', t.slug)
            where t.timezone is null
            union all
            select 2, 'columns_not_chosen', case
                    when t.resources is not null and exists (select from counting)
                        then (select string_agg(c.id, ', ' order by c.rank, c.id) from counting c) || ' count'
                    when t.resources is not null then 'none of the chosen columns is in the portal'
                    when t.default_capacity is not null
                        then format('not chosen; at most %s places, as the predecessor counted', t.default_capacity)
                    else 'the columns that count have not been chosen' end,
                case when t.resources is null then v_default else idexx_sync.source_of_rule(t.clinic_id, 'columns') end,
                v_set || ' --columns ID...'
            union all
            select 3, 'unknown_type', 'neither the portal nor a rule of the clinic has this type', v_portal,
                'ask for a type of the portal, or for a number of minutes'
            where 'unknown_type' = any (j.denied)
            union all
            select 4, 'unknown_provider', 'the portal does not list this provider', v_portal, 'ask for a listed provider'
            where 'unknown_provider' = any (j.denied)
            union all
            select 5, 'column_does_not_count', format('column %s does not count', p_column),
                case when t.resources is null then v_default else idexx_sync.source_of_rule(t.clinic_id, 'columns') end,
                v_set || ' --columns ID...'
            where 'column_does_not_count' = any (j.denied)
            union all
            select 6, 'type_columns', format('this type uses %s', coalesce(nullif(array_to_string(v_rule.columns, ', '), ''),
                    'no column')),
                idexx_sync.source_of_rule(t.clinic_id, 'type_rules/' || v_rule.type), format('%s --type-columns %L', v_set, v_rule.type || '=ID...')
            where v_rule.columns is not null
            union all
            select 7, 'length', idexx_sync.counted_text(p_minutes, 'minute') || case when p_is_length_asked then ', as asked' else '' end, case
                    when p_is_length_asked then jsonb_build_object('kind', 'request')
                    when p_minutes = v_rule.minutes then idexx_sync.source_of_rule(t.clinic_id, 'type_rules/' || v_rule.type)
                    when p_minutes = v_of_type then v_portal
                    when p_minutes = t.default_minutes then idexx_sync.source_of_rule(t.clinic_id, 'default_minutes')
                    else v_default end, 'ask for another type or length'
            union all
            select 8, 'clock_change', 'this local time exists twice; it is offered once, the first time', v_default, null
            where 'clock_change' = any (j.denied)
            union all
            select 9, 'past', format('it is %s', to_char(p_now at time zone v_zone, 'YYYY-MM-DD HH24:MI')), jsonb_build_object('kind', 'clock'), null
            union all
            select 10, 'notice', format('at least %s ahead', idexx_sync.counted_text(t.notice_minutes, 'minute')),
                idexx_sync.source_of_rule(t.clinic_id, 'notice_minutes'), v_set || ' --notice 0min'
            where t.notice_minutes is not null and j.starts_at >= p_now
            union all
            select 11, 'horizon', format('up to %s',
                    (p_now at time zone v_zone)::date + t.horizon_days - 1),
                idexx_sync.source_of_rule(t.clinic_id, 'horizon_days'), v_set || ' --unset horizon'
            where t.horizon_days is not null
            union all
            select 12, 'stale', format('%s %s; the limit is %s', a.date, case a.doubt
                    when 'never_read' then 'was never read'
                    when 'failed' then 'could not be read the last time'
                    when 'open_days_empty' then 'is open, and was empty when it was read'
                    when 'records_left_out' then 'was read, but records of it could not be used'
                    when 'calendar_contradicted' then 'was read, but its calendar lacked appointments'
                    else format('was read %s ago', idexx_sync.counted_text((extract(epoch from p_now - a.read_at) / 60)::integer, 'minute')) end,
                    idexx_sync.counted_text(round(t.max_age_seconds / 60.0)::integer, 'minute')),
                jsonb_build_object('kind', 'portal', 'read_at', a.read_at),
                -- A sync reads two weeks, unless dates are given. The past is not read for the offer.
                case when a.date >= (p_now at time zone v_zone)::date
                    then format('idexx-sync sync %s --start %s --end %s', t.slug, a.date, a.date) end
            from aged a
            union all
            select 13, 'grid', format('every %s', idexx_sync.counted_text(coalesce(t.grid_minutes, t.slot_minutes), 'minute')),
                case when t.grid_minutes is not null then idexx_sync.source_of_rule(t.clinic_id, 'grid_minutes')
                    when t.read_at is not null then v_portal else v_default end,
                case when 'grid' = any (j.denied) then (
                    select 'ask for ' || string_agg(to_char(near.at, 'HH24:MI'), ' or ' order by near.at)
                    from (select coalesce(t.grid_minutes, t.slot_minutes) * interval '1 minute' as step) g
                    cross join lateral date_bin(g.step, j.date + j.start_time, j.date::timestamp) before (at)
                    cross join lateral (values (before.at), (before.at + g.step)) near (at)
                    where near.at::date = j.date
                ) else v_set || ' --grid 15min' end
            union all
            select 14, 'closed_day', format('closed on %s', c.date),
                idexx_sync.source_of_rule(t.clinic_id, 'closed_days/' || c.date), v_set || ' --unset closed.' || c.date
            from idexx_sync.closed_days c
            where c.clinic_id = t.clinic_id and (tsrange(c.date, c.date + 1) && p_one
                or coalesce(tsrange(c.date, c.date + 1) && p_two, false))
            union all
            select 15, 'opening_hours', case
                    when not exists (select from idexx_sync.open_hours(t.clinic_id)) then 'never read'
                    else to_char(j.date, 'FMDay: ') || coalesce((select string_agg(
                        idexx_sync.minutes_as_text(h.from_minute) || '-' || idexx_sync.minutes_as_text(h.to_minute), ', '
                        order by h.from_minute) from idexx_sync.open_hours(t.clinic_id) h where h.weekday = v_weekday),
                        'closed') end,
                jsonb_build_object('kind', 'portal', 'read_at', t.hours_read_at),
                case when exists (select from idexx_sync.open_hours(t.clinic_id)) then 'change the hours in the portal'
                    else format('idexx-sync sync %s', t.slug) end
            union all
            select 16, 'bookable_windows', to_char(j.date, 'FMDay: ') || coalesce((select string_agg(
                    idexx_sync.minutes_as_text(w.from_minute) || '-' || idexx_sync.minutes_as_text(w.to_minute), ', '
                    order by w.from_minute)
                    from idexx_sync.bookable_windows w where w.clinic_id = t.clinic_id and w.weekday = v_weekday), 'none'),
                idexx_sync.source_of_rule(t.clinic_id, 'bookable_windows/' || v_weekday), format('for example: %s --bookable ''%s 09:00-17:00''', v_set, to_char(j.date, 'FMday'))
            where exists (select from idexx_sync.bookable_windows w where w.clinic_id = t.clinic_id)
            union all
            select 17, 'recurring_block', to_char(b.starts, 'HH24:MI') || '-' || to_char(b.ends, 'HH24:MI')
                    || coalesce(' ' || nullif(b.reason, ''), ''),
                idexx_sync.source_of_rule(t.clinic_id, b.origin), case when b.origin like 'recurring\_blocks/%'
                    then v_set || ' --unset blocked.' || to_char(b.starts, 'HH24:MI') || '-'
                        || case when b.ends::time = '00:00' then '24:00' else to_char(b.ends, 'HH24:MI') end
                    else 'change it in the program that wrote clinic_blocked_periods' end
            from idexx_sync.blocked_times(t.clinic_id, j.date, v_last, v_zone) b
            where tsrange(b.starts, b.ends) && p_one or coalesce(tsrange(b.starts, b.ends) && p_two, false)
            union all
            select 18, 'clinic_block', 'a block of the whole clinic',
                jsonb_build_object('kind', 'appointment', 'ids', jsonb_agg(x.id order by x.id)), 'remove the block in the portal'
            from taken x where x.kind = 'block' and x.room_id is null having count(*) > 0
            union all
            select 19, 'provider_busy', 'the provider has an appointment or a block', jsonb_build_object('kind', 'appointment',
                    'ids', jsonb_agg(x.id order by x.id)), 'ask for another provider, or for none'
            from taken x where 'provider_busy' = any (j.denied) and idexx_sync.is_of_provider(t, x.provider_name, x.room_id, p_provider)
            having count(*) > 0
            union all
            select 20, 'column_taken', case
                    when 'never_read' in (select a.doubt from aged a)
                        then idexx_sync.counted_text(p.total, 'column') || '; what takes them was never read'
                    else format('%s of %s free in the portal', p.free, idexx_sync.counted_text(p.total, 'column'))
                        || case when p.loose = 0 then '' when p.loose = 1 then '; 1 appointment without a column takes one'
                            else format('; %s appointments without a column take one each', p.loose) end end,
                jsonb_build_object('kind', 'appointment', 'ids', coalesce((select jsonb_agg(x.id order by x.id) from taken x
                    where x.takes_column and x.kind in ('appointment', 'block') and (p_column is null or x.room_id is null
                        or x.room_id in (select c.id from counting c where c.may_use))), '[]')),
                'ask for another time, or move an appointment in the portal'
            from places p where 'column_taken' = any (j.denied)
                or p.total > 0 and not j.denied && '{column_does_not_count, type_columns}'
            union all
            select 21, 'booking', case when count(*) = 1 then '1 booking or hold' else count(*) || ' bookings or holds' end || ' that the portal does not show; '
                    || idexx_sync.counted_text(j.column_count, 'column') || ' left',
                jsonb_build_object('kind', 'booking', 'ids', jsonb_agg(x.id order by x.id)),
                format('idexx-sync bookings list %s', t.slug)
            from taken x where x.kind in ('booking', 'hold') having count(*) > 0
        )
        select jsonb_agg(jsonb_build_object('rule', s.rule, 'allows', s.rule <> all (j.denied), 'value', s.value,
            'source', jsonb_strip_nulls(s.source), 'change', s.change) order by s.rank, s.value)
        from said s
    );
end $$;

-- Whether a start can be booked, and what decided: see `bookable_starts` for the arguments. Null: the clinic is not known,
-- or is not the caller's.
create or replace function idexx_sync.explain_start(
    p_clinic_id uuid, p_starts_at timestamptz, p_type text default null, p_minutes integer default null,
    p_column text default null, p_provider text default null, p_now timestamptz default now()
)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    t idexx_sync.offer_terms;
    j record;
    l record;
    v_minutes integer;
    v_ends_at timestamptz;
begin
    if p_minutes not between 1 and 1440 then
        raise exception using errcode = '22023', message = format('p_minutes: %s is out of range; use 1 to 1440', p_minutes);
    end if;
    if not idexx_sync.may_read_clinic(p_clinic_id) then
        return null;
    end if;
    select * into t from idexx_sync.offer_terms x where x.clinic_id = p_clinic_id;
    v_minutes := idexx_sync.start_minutes(t, p_type, p_minutes);
    v_ends_at := p_starts_at + v_minutes * interval '1 minute';
    select * into j from idexx_sync.judged_starts(
        p_clinic_id, array[p_starts_at], array[v_ends_at], p_type, p_column, p_provider, p_now);
    if not found then
        return null;
    end if;
    select * into l from idexx_sync.local_spans(p_starts_at, v_ends_at, coalesce(t.timezone, 'UTC'));
    return jsonb_build_object(
        'free', j.denied = '{}', 'starts_at', p_starts_at, 'ends_at', v_ends_at, 'date', j.date, 'start_time', j.start_time,
        'column_count', case when j.denied = '{}' then j.column_count else 0 end,
        'columns', idexx_sync.explained_columns(t, l.one, l.two, p_type, p_column, j.columns, p_now),
        'reasons', idexx_sync.start_reasons(t, j, l.one, l.two, p_type, v_minutes, p_column, p_provider, p_now,
            p_minutes is not null));
end $$;

-- Who may ask beside the service: roles that were given a clinic, about that clinic.
do $$
declare
    f regprocedure;
    r name;
begin
    foreach f in array array[
        'idexx_sync.bookable_starts(uuid, timestamptz, timestamptz, text, integer, text, text, timestamptz)',
        'idexx_sync.explain_start(uuid, timestamptz, text, integer, text, text, timestamptz)'
    ]::regprocedure[] loop
        execute format('revoke all on function %s from public', f);
        for r in
            select x.rolname from pg_roles x where x.rolname in (select c.role from idexx_sync.clinic_roles c)
        loop
            execute format('grant execute on function %s to %I', f, r);
        end loop;
    end loop;
end $$;

create or replace function idexx_sync.give_clinic_to_role(p_slug text, p_role name) returns void language plpgsql as $$
declare
    v_clinic uuid := (select id from public.clinics where slug = p_slug);
begin
    if v_clinic is null then
        raise exception 'clinic % is not known', p_slug;
    end if;
    execute format('grant usage on schema idexx_sync to %I', p_role);
    execute format('grant select on public.clinics, public.clinic_schedule_config, public.clinic_blocked_periods, '
        'public.schedule_syncs, public.schedule_slots, public.schedule_appointments, public.vapi_bookings, '
        'idexx_sync.clinic_settings, idexx_sync.syncs, idexx_sync.clinic_portal_config, idexx_sync.clinic_open_hours, '
        'idexx_sync.blocked_periods, idexx_sync.schedule_sync_dates, idexx_sync.schedule_evidence, '
        'idexx_sync.schedule_held_removals, idexx_sync.schedule_date_scrapes, idexx_sync.schedule_sync_events, '
        'idexx_sync.schedule_appointment_changes to %I', p_role);
    execute format('grant execute on function public.get_available_slots(uuid, date), '
        'idexx_sync.bookable_starts(uuid, timestamptz, timestamptz, text, integer, text, text, timestamptz), '
        'idexx_sync.explain_start(uuid, timestamptz, text, integer, text, text, timestamptz) to %I', p_role);
    insert into idexx_sync.clinic_roles (role, clinic_id) values (p_role, v_clinic) on conflict do nothing;
end $$;

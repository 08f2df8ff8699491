-- What reads and writes the tables of `public` for us, and the rows that it needs. No value of a predecessor's column
-- changes, but of syncs that hang.

-- The zone of a clinic, from the two columns that name one. Both default to Los Angeles, so a zone that differs from
-- the default counts more than one that does not. Null: it is not known, and is not guessed.
create or replace function idexx_sync.is_time_zone(p_name text) returns boolean language plpgsql stable as $$
begin
    perform now() at time zone p_name;
    return p_name is not null;
exception when invalid_parameter_value then
    return false;
end $$;

create or replace function idexx_sync.named_zone(p_clinic text, p_config text) returns text language sql immutable as $$
    select case
        when nullif(p_clinic, 'America/Los_Angeles') <> nullif(p_config, 'America/Los_Angeles') then null
        else coalesce(nullif(p_clinic, 'America/Los_Angeles'), nullif(p_config, 'America/Los_Angeles'), p_clinic, p_config)
    end
$$;

create or replace function idexx_sync.time_zone(p_clinic text, p_config text) returns text language sql stable as $$
    select z.name from (select idexx_sync.named_zone(p_clinic, p_config) as name) z where idexx_sync.is_time_zone(z.name)
$$;

create or replace function idexx_sync.time_zone_problem(p_clinic text, p_config text) returns text language sql stable as $$
    select case
        when p_clinic is null and p_config is null then 'neither clinics.timezone nor clinic_schedule_config.timezone is set'
        when z.name is null
            then format('clinics.timezone is %s and clinic_schedule_config.timezone is %s', p_clinic, p_config)
        when not idexx_sync.is_time_zone(z.name) then format('%s is not a time zone', z.name)
    end
    from (select idexx_sync.named_zone(p_clinic, p_config) as name) z
$$;

-- A clinic as we use it. A configuration of another program is read; the envelope that we write is not.
create or replace view idexx_sync.clinic_settings with (security_invoker = true) as
select c.id, c.slug, c.name, idexx_sync.time_zone(c.timezone, s.timezone) as timezone,
    idexx_sync.time_zone_problem(c.timezone, s.timezone) as timezone_problem,
    c.country, c.resources, c.login_failure,
    coalesce(c.max_age_seconds, nullif(greatest(s.stale_threshold_minutes, 0), 0) * 60) as max_age_seconds,
    coalesce(s.sync_horizon_days, 14) as horizon_days
from public.clinics c
left join public.clinic_schedule_config s on s.clinic_id = c.id and not s.from_portal;

-- A sync as it is read: what a row of the predecessor leaves open is filled in. It read one day more than it was asked
-- for, and may have states that ours do not know. A sync of ours has started once it has a deadline.
create or replace view idexx_sync.syncs with (security_invoker = true) as
select s.id, s.clinic_id, s.sync_start_date,
    greatest(least(s.sync_end_date, s.sync_start_date + 59), s.sync_start_date) as sync_end_date,
    case when s.status in ('queued', 'in_progress', 'completed', 'failed', 'cancelled', 'timed_out') then s.status
        else 'failed' end as status,
    coalesce(s.progress_percentage, 0) as progress_percentage, s."current_date",
    coalesce(s.failed_dates, '{}') as failed_dates, coalesce(s.partial_success, false) as partial_success,
    s.removals_held, coalesce(s.slots_created, 0) as slots_created, coalesce(s.slots_updated, 0) as slots_updated,
    coalesce(s.appointments_added, 0) as appointments_added, coalesce(s.appointments_updated, 0) as appointments_updated,
    coalesce(s.appointments_removed, 0) as appointments_removed,
    coalesce(s.conflicts_detected, 0) as conflicts_detected, coalesce(s.conflicts_resolved, 0) as conflicts_resolved,
    s.error_message, s.error_details, case when s.last_seq = 0 or s.deadline_at is not null then s.started_at end as started_at,
    s.completed_at, s.duration_ms, s.created_at, s.request_id, s.dry_run, s.dates_total, s.dates_done, s.plan, s.deadline_at,
    s.heartbeat_at, s.last_seq, s.warnings, s.configuration, s.fresh_as_of
from public.schedule_syncs s;

-- The hours that the versions before wrote for other programs.
do $$
begin
    if to_regclass('idexx_sync.clinic_schedule_config') is null then
        return;
    end if;
    insert into public.clinic_schedule_config
        (clinic_id, open_time, close_time, days_of_week, slot_duration_minutes, timezone, from_portal, updated_at)
    select o.clinic_id, o.opens, o.closes, o.days_of_week, least(o.slot_minutes, 120), c.timezone, true, o.updated_at
    from idexx_sync.clinic_schedule_config o join public.clinics c on c.id = o.clinic_id
    on conflict (clinic_id) do nothing;
    drop table idexx_sync.clinic_schedule_config;
end $$;

-- Fills in columns of ours. Triggers of other programs, such as one that keeps updated_at, are off meanwhile.
create or replace function idexx_sync.update_quietly(p_table regclass, p_statement text) returns void
language plpgsql as $$
declare
    v_on text[] := array(
        select tgname from pg_trigger where tgrelid = p_table and not tgisinternal and tgenabled = 'O' order by tgname
    );
    t text;
begin
    foreach t in array v_on loop
        execute format('alter table %s disable trigger %I', p_table, t);
    end loop;
    execute p_statement;
    foreach t in array v_on loop
        execute format('alter table %s enable trigger %I', p_table, t);
    end loop;
end $$;

select idexx_sync.update_quietly('public.clinics', $$
    update public.clinics set slug =
        left(trim(both '-' from regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g')), 31) || '-' || left(md5(id::text), 8)
    where slug is null
$$);
select idexx_sync.update_quietly('public.schedule_slots', $$
    update public.schedule_slots s set starts_at = (s.date + s.start_time) at time zone c.timezone,
        ends_at = (s.date + s.end_time) at time zone c.timezone
    from idexx_sync.clinic_settings c
    where c.id = s.clinic_id and c.timezone is not null and s.starts_at is null
$$);
select idexx_sync.update_quietly('public.schedule_appointments', $$
    update public.schedule_appointments a set starts_at = (a.date + a.start_time) at time zone c.timezone,
        ends_at = (a.date + a.end_time + case when a.end_time < a.start_time then interval '1 day' else interval '0' end)
            at time zone c.timezone
    from idexx_sync.clinic_settings c
    where c.id = a.clinic_id and c.timezone is not null and (a.starts_at is null or a.ends_at is null)
$$);
select idexx_sync.update_quietly('public.schedule_syncs', $$
    update public.schedule_syncs set fresh_as_of = completed_at
    where fresh_as_of is null and status = 'completed' and last_seq = 0
$$);
drop function idexx_sync.update_quietly(regclass, text);

-- Syncs of the predecessor that hang: its process has stopped, and nothing else would ever close them.
update public.schedule_syncs set status = 'failed', completed_at = now(), updated_at = now(),
    error_message = 'closed by idexx-sync migrate: it was still in progress when the service was replaced'
where status = 'in_progress' and last_seq = 0 and exists (select from idexx_sync.predecessor_objects);

alter table public.clinics alter column slug set not null;
do $$
begin
    if not exists (
        select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = 'public.clinics'::regclass and i.indisunique and i.indnkeyatts = 1 and i.indpred is null
            and a.attname = 'slug'
    ) then
        create unique index clinics_slug on public.clinics (slug);
    end if;
end $$;

-- A program that does not know the column leaves it out.
create or replace function idexx_sync.fill_slug() returns trigger language plpgsql as $$
begin
    new.slug := left(trim(both '-' from regexp_replace(lower(new.name), '[^a-z0-9]+', '-', 'g')), 31) || '-' || left(md5(new.id::text), 8);
    return new;
end $$;
create or replace trigger clinics_fill_slug before insert on public.clinics
    for each row when (new.slug is null) execute function idexx_sync.fill_slug();

create or replace function idexx_sync.keep_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end $$;
do $$
declare
    t text;
begin
    foreach t in array array['clinics', 'idexx_credentials', 'schedule_slots', 'schedule_appointments', 'vapi_bookings',
        'clinic_schedule_config', 'clinic_blocked_periods', 'schedule_syncs']
    loop
        if not exists (
            select from pg_trigger g join pg_proc f on f.oid = g.tgfoid
            where g.tgrelid = ('public.' || t)::regclass and not g.tgisinternal
                and (f.prosrc ilike '%updated_at%' or f.proname ~ 'moddatetime')
        ) then
            execute format('create trigger keep_updated_at before update on public.%I for each row '
                'execute function idexx_sync.keep_updated_at()', t);
        end if;
    end loop;
end $$;

-- What a change keeps of a row. It is inlined, so that it costs no call.
create or replace function idexx_sync.appointment_values(a public.schedule_appointments)
returns idexx_sync.schedule_appointment_values language sql stable as $$
    select (a.date, a.start_time, a.end_time, a.starts_at, a.ends_at, a.patient_name, a.client_name, a.client_phone,
        a.client_phone_raw, a.provider_name, a.room_id, a.appointment_type, a.status, a.notes, a.sync_hash
    )::idexx_sync.schedule_appointment_values
$$;

-- Whether one of the references replaces another, or is no longer there: filling one in is no change of the appointment.
create or replace function idexx_sync.references_differ(old public.schedule_appointments, new public.schedule_appointments)
returns boolean language sql immutable as $$
    select (old.client_email is not null and old.client_email is distinct from new.client_email)
        or (old.neo_client_id is not null and old.neo_client_id is distinct from new.neo_client_id)
        or (old.neo_patient_id is not null and old.neo_patient_id is distinct from new.neo_patient_id)
        or (old.neo_consultation_id is not null and old.neo_consultation_id is distinct from new.neo_consultation_id)
$$;

-- How many appointments and blocks take each slot, in clinic-local time: see 0015. A slot that lasts to midnight or
-- beyond ends at 23:59:59 in its row; its instants tell how long it is.
create or replace function idexx_sync.schedule_slot_bookings(p_clinic_id uuid, p_start_date date, p_end_date date)
returns table (slot_id uuid, bookings integer) language sql stable as $$
    with taken as materialized (
        select a.date, a.date + a.start_time as starts,
            greatest(a.date + a.end_time + case when a.end_time < a.start_time then interval '1 day' else interval '0' end,
                a.date + a.start_time + interval '1 second') as ends,
            a.room_id is null and a.appointment_type is not distinct from 'block' as takes_all
        from public.schedule_appointments a join public.clinics c on c.id = a.clinic_id
        where a.clinic_id = p_clinic_id and a.deleted_at is null
            and a.date between p_start_date - 1 and p_end_date
            and a.status not in ('cancelled', 'no_show')
            and (c.resources is null or a.room_id is null or a.room_id = any (c.resources))
    ), bounds as materialized (
        select s.id, s.date, s.capacity, s.date + s.start_time as starts,
            case when s.end_time = '23:59:59' and s.starts_at is not null
                then s.date + s.start_time + (s.ends_at - s.starts_at) else s.date + s.end_time end as ends
        from public.schedule_slots s
        where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date
    ), overlapping as materialized (
        -- Materialized, since a sync counts rows that it has just written, which the planner believes to be few.
        select b.id, t.takes_all from bounds b join taken t on t.date = b.date and t.starts < b.ends and t.ends > b.starts
        union all
        select b.id, t.takes_all from bounds b join taken t on t.date = b.date - 1 and t.ends > b.starts
    )
    select b.id,
        case when bool_or(o.takes_all) then greatest(count(o.id), b.capacity) else count(o.id) end::integer
    from bounds b left join overlapping o on o.id = b.id group by b.id, b.capacity
$$;

-- Recounts the slots of a range; returns how many changed. A closed slot is full.
create or replace function idexx_sync.update_slot_counts(p_clinic_id uuid, p_start_date date, p_end_date date)
returns integer language sql volatile as $$
    with recounted as (
        update public.schedule_slots s
        set booked_count = case when s.is_closed then greatest(b.bookings, s.capacity) else b.bookings end
        from idexx_sync.schedule_slot_bookings(p_clinic_id, p_start_date, p_end_date) b
        where s.id = b.slot_id
            and s.booked_count <> case when s.is_closed then greatest(b.bookings, s.capacity) else b.bookings end
        returning 1
    )
    select count(*)::integer from recounted
$$;

-- The predecessor's functions that a sync and its readers need at once, where there are none yet.
do $$
begin
    if to_regprocedure('public.update_slot_counts_bulk(uuid, date, date)') is null then
        create function public.update_slot_counts_bulk(p_clinic_id uuid, p_start_date date, p_end_date date)
        returns table (updated_count bigint) language sql as $body$
            select idexx_sync.update_slot_counts(p_clinic_id, p_start_date, p_end_date)::bigint
        $body$;
        revoke execute on function public.update_slot_counts_bulk(uuid, date, date) from public;
    end if;
    if to_regprocedure('public.get_available_slots(uuid, date)') is null then
        create function public.get_available_slots(p_clinic_id uuid, p_date date)
        returns table (slot_start time, slot_end time, capacity integer, booked_count integer, available_count integer,
            is_blocked boolean, block_reason text, last_synced_at timestamptz, is_stale boolean,
            slot_id uuid, starts_at timestamptz, ends_at timestamptz, scraped_at timestamptz,
            age_seconds double precision)
        language sql stable as $body$
            select s.start_time, s.end_time, s.capacity, s.booked_count, greatest(s.capacity - s.booked_count, 0),
                false, null::text, s.last_synced_at, false, s.id, s.starts_at, s.ends_at, d.scraped_at,
                extract(epoch from clock_timestamp() - d.scraped_at)::double precision
            from public.schedule_slots s
            left join idexx_sync.schedule_date_scrapes d on d.clinic_id = s.clinic_id and d.date = s.date
            where s.clinic_id = p_clinic_id and s.date = p_date order by s.start_time
        $body$;
    end if;
end $$;

-- A database role for each clinic (0003). The clinics of the signed-in user of Supabase are those that it holds portal
-- credentials of.
create or replace function idexx_sync.clinics_of_user() returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if to_regprocedure('auth.uid()') is not null then
        return query execute 'select clinic_id from public.idexx_credentials where user_id = auth.uid()';
    end if;
end $$;

do $$
declare
    t text;
    v_key text;
    v_is_ours boolean := not exists (select from idexx_sync.predecessor_objects);
begin
    foreach t in array array['clinics', 'schedule_slots', 'schedule_appointments', 'schedule_syncs', 'vapi_bookings',
        'clinic_schedule_config', 'clinic_blocked_periods', 'idexx_credentials']
    loop
        v_key := case t when 'clinics' then 'id' else 'clinic_id' end;
        -- On a predecessor's database it stays off where it was off: `migrate --row-level-security` switches it on.
        if v_is_ours then
            execute format('alter table public.%I enable row level security', t);
        end if;
        if t <> 'idexx_credentials' then
            execute format('drop policy if exists of_own_clinic on public.%I', t);
            execute format('create policy of_own_clinic on public.%I for select '
                'using (%I in (select idexx_sync.clinics_of_role(current_user)))', t, v_key);
        end if;
        continue when not v_is_ours or to_regprocedure('auth.uid()') is null or to_regprocedure('auth.jwt()') is null;
        execute format('drop policy if exists of_users_clinic on public.%I', t);
        execute format('create policy of_users_clinic on public.%I for select '
            'using (%I in (select idexx_sync.clinics_of_user()))', t, v_key);
        execute format('drop policy if exists of_service_role on public.%I', t);
        execute format('create policy of_service_role on public.%I '
            'using (auth.jwt() ->> ''role'' = ''service_role'')', t);
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
    execute format('grant execute on function public.get_available_slots(uuid, date) to %I', p_role);
    insert into idexx_sync.clinic_roles (role, clinic_id) values (p_role, v_clinic) on conflict do nothing;
end $$;

create or replace function idexx_sync.take_clinic_from_role(p_slug text, p_role name) returns void language sql as $$
    delete from idexx_sync.clinic_roles
    where role = p_role and clinic_id = (select id from public.clinics where slug = p_slug)
$$;
revoke execute on function idexx_sync.give_clinic_to_role(text, name), idexx_sync.take_clinic_from_role(text, name) from public;

-- Roles that were given a clinic before read what they could read.
do $$
declare
    r record;
begin
    for r in
        select min(c.slug) as slug, o.role from idexx_sync.clinic_roles o join public.clinics c on c.id = o.clinic_id
        where to_regrole(quote_ident(o.role)) is not null group by o.role
    loop
        perform idexx_sync.give_clinic_to_role(r.slug, r.role);
    end loop;
end $$;

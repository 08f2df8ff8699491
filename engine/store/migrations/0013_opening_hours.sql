-- What the portal says of how a clinic works, in tables of ours: parts that were never read are null, or have no row.
-- clinic_schedule_config keeps its meaning for the programs that read it: the envelope of the hours.

create table if not exists clinic_portal_config (
    clinic_id uuid primary key references clinics (id) on delete cascade,
    slot_minutes integer check (slot_minutes between 1 and 1440),
    -- Arrays of objects with id and name: the calendar's columns, the types (with duration_slots), the providers.
    rooms jsonb,
    appointment_types jsonb,
    providers jsonb,
    -- The call that gave it; null: a version of ours that did not record it.
    source text,
    read_at timestamptz,
    hours_read_at timestamptz
);

-- One row for each stretch in which a clinic is open. Minutes are counted from the weekday's midnight, in the clinic's
-- time; closes_minute beyond 1440 lies on the next day. A clinic without rows: its hours were never read.
create table if not exists clinic_open_hours (
    clinic_id uuid not null references clinics (id) on delete cascade,
    -- 0 is Sunday.
    weekday smallint not null check (weekday between 0 and 6),
    opens_minute smallint not null check (opens_minute between 0 and 1439),
    closes_minute smallint not null check (closes_minute > opens_minute and closes_minute <= opens_minute + 1440),
    primary key (clinic_id, weekday, opens_minute)
);

-- What a sync's question for the configuration came to; null: it was not asked.
alter table schedule_syncs add column if not exists configuration jsonb;

do $$
declare
    t text;
begin
    foreach t in array array['clinic_portal_config', 'clinic_open_hours'] loop
        execute format('alter table %I enable row level security', t);
        execute format('drop policy if exists of_own_clinic on %I', t);
        execute format('create policy of_own_clinic on %I for select '
            'using (clinic_id in (select clinics_of_role(current_user)))', t);
    end loop;
end $$;

create or replace function give_clinic_to_role(p_slug text, p_role name) returns void language plpgsql as $$
declare
    v_clinic uuid := (select id from clinics where slug = p_slug);
begin
    if v_clinic is null then
        raise exception 'clinic % is not known', p_slug;
    end if;
    execute format('grant select on clinics, clinic_schedule_config, clinic_portal_config, clinic_open_hours, '
        'clinic_blocked_periods, schedule_syncs, schedule_sync_dates, schedule_evidence, schedule_held_removals, '
        'schedule_date_scrapes, schedule_sync_events, schedule_slots, schedule_appointments, '
        'schedule_appointment_changes to %I', p_role);
    insert into clinic_roles (role, clinic_id) values (p_role, v_clinic) on conflict do nothing;
end $$;

do $$
declare
    r record;
begin
    for r in select distinct role from clinic_roles where to_regrole(quote_ident(role)) is not null loop
        execute format('grant select on clinic_portal_config, clinic_open_hours to %I', r.role);
    end loop;
end $$;

-- The hours that earlier versions read. Only once for each clinic, and only where the table is ours: another program's
-- clinic_schedule_config has other columns.
do $$
begin
    if not exists (select from information_schema.columns
        where table_schema = current_schema() and table_name = 'clinic_schedule_config' and column_name = 'opens')
    then
        return;
    end if;
    execute $step$
        with old as (
            select c.*, extract(epoch from c.opens)::integer / 60 as opens_minute,
                extract(epoch from c.closes)::integer / 60 as closes_minute
            from clinic_schedule_config c
            where not exists (select from clinic_portal_config p where p.clinic_id = c.clinic_id)
        ), configs as (
            insert into clinic_portal_config (clinic_id, slot_minutes, rooms, read_at, hours_read_at)
            select clinic_id, slot_minutes, nullif(rooms, '[]'::jsonb), updated_at, updated_at from old
        )
        insert into clinic_open_hours (clinic_id, weekday, opens_minute, closes_minute)
        select distinct o.clinic_id, day, o.opens_minute, o.closes_minute
        from old o cross join unnest(o.days_of_week) day
        where day between 0 and 6 and o.closes_minute > o.opens_minute
        on conflict do nothing
    $step$;
    -- Slots of clinics whose configuration was never read follow from hours that were invented: they go, or are closed
    -- where they are taken. Slots of another program have no starts_at.
    execute $step$
        with invented as (
            select s.id, coalesce(b.taken, false) as taken from schedule_slots s
            left join lateral (
                select true as taken from schedule_appointments a where a.slot_id = s.id and a.deleted_at is null limit 1
            ) b on true
            where s.starts_at is not null
                and not exists (select from clinic_schedule_config c where c.clinic_id = s.clinic_id)
        ), removed as (
            delete from schedule_slots s using invented i where i.id = s.id and not i.taken and s.booked_count = 0
        )
        update schedule_slots s set capacity = 0
        from invented i where i.id = s.id and (i.taken or s.booked_count > 0) and s.capacity > 0
    $step$;
end $$;

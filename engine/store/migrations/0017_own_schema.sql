-- Everything of ours moves to the schema `idexx_sync`; `public` keeps the tables that programs around us use. Three
-- states lead here: our tables lie in `public` (an installation before this file), or in `idexx_sync`, where the files
-- before this one put them on an empty database and beside a predecessor's tables.
-- Every name from here on is qualified: nothing depends on a search_path, which a transaction pooler does not keep.
create schema if not exists idexx_sync;

-- What a predecessor's database had before ours, for `migrate --undo`: the functions and constraints that are replaced,
-- and the names of columns, indexes, storage options and of tables without row-level security (`open`). Empty where
-- there was no predecessor.
create table if not exists idexx_sync.predecessor_objects (
    kind text not null check (kind in ('columns', 'constraint', 'function', 'index', 'option', 'open')),
    table_name text,
    name text not null,
    definition text not null,
    -- Statements that give it its owner and grants back.
    grants text not null default '',
    primary key (kind, name)
);
alter table idexx_sync.predecessor_objects enable row level security;

do $$
declare
    t text;
    p regprocedure;
begin
    if to_regclass('public.idexx_schema_migrations') is null then
        return;
    end if;
    foreach t in array array[
        'idexx_schema_migrations', 'idexx_credentials', 'idexx_sessions', 'clinic_schedule_config', 'clinic_blocked_periods',
        'schedule_sync_dates', 'schedule_snapshots', 'schedule_evidence', 'schedule_date_scrapes', 'schedule_sync_events',
        'schedule_appointment_changes', 'schedule_second_sightings', 'schedule_held_removals', 'clinic_roles',
        'clinic_sync_schedules', 'clinic_webhooks', 'webhook_deliveries', 'clinic_portal_config', 'clinic_open_hours',
        'clinic_unknown_fields'
    ] loop
        execute format('alter table public.%I set schema idexx_sync', t);
    end loop;
    foreach t in array array['schedule_appointment_values', 'schedule_scraped_appointment', 'schedule_seen_appointment'] loop
        execute format('alter type public.%I set schema idexx_sync', t);
    end loop;
    for p in
        select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace and proname in (
            'remove_clinic_changes', 'appointment_values', 'schedule_slot_bookings', 'update_slot_counts_bulk',
            'get_available_slots', 'clinics_of_role', 'give_clinic_to_role', 'take_clinic_from_role', 'lock_clinic',
            'look_at_date', 'look_at_references', 'references_differ', 'ids_at_several_places'
        )
    loop
        execute format('alter function %s set schema idexx_sync', p);
    end loop;
end $$;

-- Programs of the version before this one have stopped, so what was kept for them goes. The rest is made again below,
-- with qualified names.
drop trigger if exists clinics_remove_changes on public.clinics;
drop function if exists idexx_sync.look_at_date(uuid, date, timestamptz, uuid);
drop type if exists idexx_sync.schedule_scraped_appointment;
drop function if exists idexx_sync.get_available_slots(uuid, date);
drop function if exists idexx_sync.update_slot_counts_bulk(uuid, date, date);

-- The four tables that both versions have under one name: on an empty database they move to `public`; beside a
-- predecessor's tables ours are empty, and go. What referred to them is made again below. A table that moves gets what the
-- default privileges of `public` give a table that is made there: at Supabase, its roles' rights.
do $$
declare
    t text;
    g record;
begin
    foreach t in array array['schedule_appointments', 'schedule_slots', 'schedule_syncs', 'clinics'] loop
        continue when not exists (
            select from pg_class where relnamespace = 'idexx_sync'::regnamespace and relname = t and relkind = 'r'
        );
        if to_regclass('public.' || t) is null then
            execute format('alter table idexx_sync.%I set schema public', t);
            for g in
                select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as role,
                    a.privilege_type
                from pg_default_acl d cross join aclexplode(d.defaclacl) a
                where d.defaclnamespace = 'public'::regnamespace and d.defaclobjtype = 'r'
                    and d.defaclrole = current_user::regrole and a.grantee <> d.defaclrole
            loop
                execute format('grant %s on public.%I to %s', g.privilege_type, t, g.role);
            end loop;
        else
            execute format('drop table idexx_sync.%I cascade', t);
        end if;
    end loop;
end $$;
drop trigger if exists clinics_remove_changes on public.clinics;

-- Two tables of ours whose names belong to tables of the predecessor.
do $$
begin
    if to_regclass('idexx_sync.idexx_credentials') is not null then
        alter table idexx_sync.idexx_credentials rename to sealed_credentials;
        alter table idexx_sync.sealed_credentials rename constraint idexx_credentials_pkey to sealed_credentials_pkey;
    end if;
    if to_regclass('idexx_sync.clinic_blocked_periods') is not null then
        alter table idexx_sync.clinic_blocked_periods rename to blocked_periods;
        alter table idexx_sync.blocked_periods rename constraint clinic_blocked_periods_pkey to blocked_periods_pkey;
        alter table idexx_sync.blocked_periods
            rename constraint clinic_blocked_periods_check to blocked_periods_check;
        alter index idexx_sync.clinic_blocked_periods_clinic rename to blocked_periods_clinic;
    end if;
end $$;

-- Every reference from a table of ours to a table in `public`, under one name.
do $$
declare
    r record;
    known text;
begin
    for r in
        select k.child, k.col, 'public.' || k.parent as parent, k.child || '_' || k.col || '_fkey' as name
        from (values
            ('sealed_credentials', 'clinic_id', 'clinics'), ('idexx_sessions', 'clinic_id', 'clinics'),
            ('blocked_periods', 'clinic_id', 'clinics'), ('schedule_snapshots', 'clinic_id', 'clinics'),
            ('schedule_date_scrapes', 'clinic_id', 'clinics'), ('schedule_second_sightings', 'clinic_id', 'clinics'),
            ('clinic_roles', 'clinic_id', 'clinics'), ('clinic_sync_schedules', 'clinic_id', 'clinics'),
            ('clinic_webhooks', 'clinic_id', 'clinics'), ('webhook_deliveries', 'clinic_id', 'clinics'),
            ('clinic_portal_config', 'clinic_id', 'clinics'), ('clinic_open_hours', 'clinic_id', 'clinics'),
            ('clinic_unknown_fields', 'clinic_id', 'clinics'),
            ('schedule_sync_dates', 'sync_id', 'schedule_syncs'), ('schedule_snapshots', 'sync_id', 'schedule_syncs'),
            ('schedule_evidence', 'sync_id', 'schedule_syncs'), ('schedule_sync_events', 'sync_id', 'schedule_syncs'),
            ('schedule_held_removals', 'sync_id', 'schedule_syncs'), ('webhook_deliveries', 'sync_id', 'schedule_syncs'),
            ('schedule_held_removals', 'appointment_id', 'schedule_appointments')
        ) k (child, col, parent)
    loop
        select c.conname into known from pg_constraint c
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.contype = 'f' and c.conrelid = ('idexx_sync.' || r.child)::regclass
            and c.confrelid = r.parent::regclass and a.attname = r.col;
        if known is null then
            execute format('alter table idexx_sync.%I add constraint %I foreign key (%I) references %s (id) on delete cascade',
                r.child, r.name, r.col, r.parent);
        elsif known <> r.name then
            execute format('alter table idexx_sync.%I rename constraint %I to %I', r.child, known, r.name);
        end if;
    end loop;
end $$;

-- Policies. Those that ask for the clinic of a row are as they were; those that ask for its sync went with the table.
do $$
declare
    t text;
begin
    foreach t in array array['schedule_sync_dates', 'schedule_evidence', 'schedule_held_removals'] loop
        execute format('drop policy if exists of_own_sync on idexx_sync.%I', t);
        execute format('create policy of_own_sync on idexx_sync.%I for select '
            'using (exists (select from public.schedule_syncs s where s.id = sync_id))', t);
    end loop;
end $$;
alter function idexx_sync.clinics_of_role(name) set search_path = pg_catalog, pg_temp;

-- The functions of ours.

-- With its owner's rights: another program that removes a clinic may not write to tables of ours.
create or replace function idexx_sync.remove_clinic_changes() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from idexx_sync.schedule_appointment_changes where clinic_id in (select id from removed);
    return null;
end $$;
create or replace trigger clinics_remove_changes after delete on public.clinics
    referencing old table as removed for each statement execute function idexx_sync.remove_clinic_changes();

-- A clinic's writers take turns; held until the end of the transaction.
create or replace function idexx_sync.lock_clinic(p_clinic_id uuid) returns void language sql as $$
    select pg_advisory_xact_lock(hashtextextended('idexx-sync clinic ' || p_clinic_id::text, 0))
$$;

-- Takes the clinic's turn, makes a scrape the newest applied one of its date, and returns what stands on the date; no
-- row where a newer scrape has been applied. In PL/pgSQL each statement sees what was there when it began, so what
-- stands there is read after the turn has come. With references, each hash is followed by that of the references. A row
-- of the predecessor may have no hash: an empty one differs from every other.
create or replace function idexx_sync.look_at_references(
    p_clinic_id uuid, p_date date, p_scraped_at timestamptz, p_sync_id uuid, p_with_references boolean
)
returns table (ids text[], hashes text[], missing text[], sighted text[]) language plpgsql as $$
begin
    perform idexx_sync.lock_clinic(p_clinic_id);

    insert into idexx_sync.schedule_date_scrapes as newest (clinic_id, date, scraped_at, sync_id)
    values (p_clinic_id, p_date, p_scraped_at, p_sync_id)
    on conflict (clinic_id, date) do update set scraped_at = excluded.scraped_at, sync_id = excluded.sync_id
    where (newest.scraped_at, newest.sync_id) <= (excluded.scraped_at, excluded.sync_id);
    if not found then
        return;
    end if;

    return query select
        array_agg(a.neo_appointment_id),
        array_agg(coalesce(a.sync_hash, '') || case when p_with_references then coalesce(a.references_hash, '') else '' end),
        array_agg(a.neo_appointment_id) filter (where a.missing_since is not null),
        (select array_agg(s.neo_appointment_id) from idexx_sync.schedule_second_sightings s
            where s.clinic_id = p_clinic_id and s.date = p_date)
    from public.schedule_appointments a
    where a.clinic_id = p_clinic_id and a.date = p_date and a.deleted_at is null;
end $$;

-- What is known of a clinic's ids at several places: see 0016.
create or replace function idexx_sync.ids_at_several_places(p_clinic_id uuid, p_ids text[])
returns table (repeating text[], contested text[]) language plpgsql as $$
begin
    return query select
        (select array_agg(distinct a.portal_appointment_id) from public.schedule_appointments a
            where a.clinic_id = p_clinic_id and a.portal_appointment_id <> a.neo_appointment_id and a.deleted_at is null),
        (select array_agg(distinct s.neo_appointment_id) from idexx_sync.schedule_second_sightings s
            where s.clinic_id = p_clinic_id);
end $$;

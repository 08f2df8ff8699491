-- Row-level security: a database role that was given a clinic reads that clinic's rows, and nobody else's.
--
--     create role elm login password '…';
--     select give_clinic_to_role('elm-street', 'elm');     -- take_clinic_from_role takes it back
--
-- Such a role only reads, and neither credentials nor sessions nor snapshots. Roles that were given nothing see no
-- row, whatever they were granted: on Supabase, that is everybody who holds the anonymous key. The owner of the
-- tables is not held back, nor is a superuser or a role with BYPASSRLS; gateways and workers run as one of these.

create table if not exists clinic_roles (
    role name not null,
    clinic_id uuid not null references clinics (id) on delete cascade,
    primary key (role, clinic_id)
);

-- It asks with its owner's rights, so that nobody needs to read the table; and it is told the role, since within
-- it the current user is the owner. Nobody learns of a role that is not their own.
create or replace function clinics_of_role(p_role name) returns setof uuid
language sql stable security definer
begin atomic
    select r.clinic_id from clinic_roles r where r.role = p_role and pg_has_role(session_user, p_role, 'member');
end;

do $$
declare
    t text;
begin
    foreach t in array array[
        'clinic_roles', 'idexx_credentials', 'idexx_sessions', 'schedule_snapshots', 'schedule_second_sightings'
    ] loop
        -- No policy: nobody but the owner.
        execute format('alter table %I enable row level security', t);
    end loop;
    foreach t in array array[
        'clinic_schedule_config', 'clinic_blocked_periods', 'schedule_syncs', 'schedule_date_scrapes',
        'schedule_sync_events', 'schedule_slots', 'schedule_appointments', 'schedule_appointment_changes'
    ] loop
        execute format('alter table %I enable row level security', t);
        execute format('drop policy if exists of_own_clinic on %I', t);
        execute format('create policy of_own_clinic on %I for select '
            'using (clinic_id in (select clinics_of_role(current_user)))', t);
    end loop;
    foreach t in array array['schedule_sync_dates', 'schedule_evidence', 'schedule_held_removals'] loop
        execute format('alter table %I enable row level security', t);
        execute format('drop policy if exists of_own_sync on %I', t);
        -- The syncs that are seen here are those of the own clinic.
        execute format('create policy of_own_sync on %I for select '
            'using (exists (select from schedule_syncs s where s.id = sync_id))', t);
    end loop;
end $$;

alter table clinics enable row level security;
drop policy if exists of_own_clinic on clinics;
create policy of_own_clinic on clinics for select using (id in (select clinics_of_role(current_user)));

alter table idexx_schema_migrations enable row level security;

create or replace function give_clinic_to_role(p_slug text, p_role name) returns void language plpgsql as $$
declare
    v_clinic uuid := (select id from clinics where slug = p_slug);
begin
    if v_clinic is null then
        raise exception 'clinic % is not known', p_slug;
    end if;
    execute format('grant select on clinics, clinic_schedule_config, clinic_blocked_periods, schedule_syncs, '
        'schedule_sync_dates, schedule_evidence, schedule_held_removals, schedule_date_scrapes, schedule_sync_events, '
        'schedule_slots, schedule_appointments, schedule_appointment_changes to %I', p_role);
    insert into clinic_roles (role, clinic_id) values (p_role, v_clinic) on conflict do nothing;
end $$;

create or replace function take_clinic_from_role(p_slug text, p_role name) returns void language sql as $$
    delete from clinic_roles where role = p_role and clinic_id = (select id from clinics where slug = p_slug)
$$;

revoke execute on function give_clinic_to_role(text, name), take_clinic_from_role(text, name) from public;

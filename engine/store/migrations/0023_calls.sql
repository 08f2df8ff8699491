-- The functions that programs around us call, with the names, arguments and columns that the predecessor gave them. Those
-- that run with their owner's rights check that the caller may read the clinic.

-- Who was granted what by name, before anything is made again.
create temporary table earlier_grants on commit drop as
select p.proname as name, g.rolname as grantee
from pg_proc p cross join lateral aclexplode(p.proacl) a join pg_roles g on g.oid = a.grantee
where p.pronamespace = 'public'::regnamespace and a.privilege_type = 'EXECUTE' and g.rolname <> 'anon'
    and p.proname in (
        'get_available_slots', 'book_slot_with_hold', 'auto_reschedule_conflicts', 'update_slot_booked_count',
        'update_slot_counts_bulk', 'get_active_sync_count', 'generate_confirmation_number'
    );

-- Functions that are here already are replaced in place, since other objects may depend on them; one that another program
-- declared with other names, defaults or results cannot be.
do $$
declare
    f record;
begin
    for f in
        select p.oid::regprocedure as call from pg_proc p join (values
            ('public.book_slot_with_hold(uuid, date, time, text, text, text, text, text, boolean, text)', 'jsonb',
                '{p_clinic_id,p_date,p_time,p_client_name,p_client_phone,p_patient_name,p_species,p_reason,p_is_new_client,p_vapi_call_id}', 4),
            ('public.auto_reschedule_conflicts(uuid, date)', 'TABLE(booking_id uuid, old_time time without time zone, '
                'new_time time without time zone, client_name text, patient_name text)',
                '{p_clinic_id,p_date,booking_id,old_time,new_time,client_name,patient_name}', 0),
            ('public.update_slot_booked_count(uuid, date, time)', 'void', '{p_clinic_id,p_date,p_start_time}', 0),
            ('public.update_slot_counts_bulk(uuid, date, date)', 'TABLE(updated_count bigint)',
                '{p_clinic_id,p_start_date,p_end_date,updated_count}', 0)
        ) ours (call, result, names, defaults) on p.oid = to_regprocedure(ours.call)
        where pg_get_function_result(p.oid) <> ours.result or p.proargnames <> ours.names::text[]
            or p.pronargdefaults > ours.defaults
    loop
        execute format('drop function %s', f.call);
    end loop;
end $$;

-- Whether a signed-in user of Supabase sees the clinic. It runs as the role `authenticated`, so the policies decide, as
-- they do for the user's own queries. Where there is no such role, nobody is signed in.
do $$ begin
    drop function if exists idexx_sync.signed_in_user_sees(uuid);
    create function idexx_sync.signed_in_user_sees(p_clinic_id uuid) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp as $f$
        select exists (select from public.schedule_slots s where s.clinic_id = p_clinic_id)
            or exists (select from public.schedule_syncs s where s.clinic_id = p_clinic_id)
    $f$;
    if to_regrole('authenticated') is not null then
        grant create, usage on schema idexx_sync to authenticated;
        alter function idexx_sync.signed_in_user_sees(uuid) owner to authenticated;
        revoke create, usage on schema idexx_sync from authenticated;
    end if;
end $$;

-- The role that called, also within a function that runs with its owner's rights.
create or replace function idexx_sync.calling_role() returns name language sql stable as $$
    select coalesce(nullif(nullif(current_setting('role', true), 'none'), '')::name, session_user)
$$;

-- Whether the caller may read the clinic: as the service, as a role that was given the clinic, or as its signed-in user.
create or replace function idexx_sync.may_read_clinic(p_clinic_id uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_caller name := idexx_sync.calling_role();
begin
    return v_caller = 'service_role'
        or (select r.rolsuper or r.rolbypassrls from pg_roles r where r.rolname = v_caller)
        or (select pg_has_role(v_caller, c.relowner, 'usage') from pg_class c where c.oid = 'public.schedule_slots'::regclass)
        or exists (select from idexx_sync.clinics_of_role(v_caller) g (id) where g.id = p_clinic_id)
        or (
            v_caller = 'authenticated'
            and (select p.proowner = to_regrole('authenticated')
                from pg_proc p where p.oid = 'idexx_sync.signed_in_user_sees(uuid)'::regprocedure)
            and idexx_sync.signed_in_user_sees(p_clinic_id)
        );
end $$;

drop function if exists public.get_available_slots(uuid, date);
create function public.get_available_slots(p_clinic_id uuid, p_date date)
returns table (
    slot_start time, slot_end time, capacity integer, booked_count integer, available_count integer, is_blocked boolean,
    block_reason text, last_synced_at timestamptz, is_stale boolean,
    -- Ours. `scraped_at`: when the portal's day was read last; null: it never was.
    slot_id uuid, starts_at timestamptz, ends_at timestamptz, scraped_at timestamptz, age_seconds double precision
) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.start_time, s.end_time, s.capacity, s.booked_count, s.available_count, s.block_reason is not null,
        s.block_reason, s.last_synced_at, s.is_stale, s.slot_id, s.starts_at, s.ends_at, s.scraped_at,
        extract(epoch from clock_timestamp() - s.scraped_at)::double precision
    from idexx_sync.day_slots(p_clinic_id, p_date) s
    where (select idexx_sync.may_read_clinic(p_clinic_id))
    order by s.start_time
$$;

-- `ODIS-` and eight capitals or digits. A body of another program stays.
do $$ begin
    if to_regprocedure('public.generate_confirmation_number()') is not null then
        return;
    end if;
    create function public.generate_confirmation_number() returns text
    language sql volatile set search_path = pg_catalog, pg_temp as $f$
        select 'ODIS-' || string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', get_byte(random.bytes, at) % 36 + 1, 1), '')
        from (select uuid_send(gen_random_uuid()) as bytes) random, generate_series(8, 15) at
    $f$;
end $$;

-- Books the slot that starts at the given time, and holds it for five minutes; refuses if nothing is left, and names up
-- to five times that are free, the nearest ones. The slot's row is locked, then its places are counted.
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

    perform from public.schedule_slots s
    where s.clinic_id = p_clinic_id and s.date = p_date and s.start_time = p_time for no key update;
    select d.*, s.sync_id into v_slot
    from idexx_sync.day_slots(p_clinic_id, p_date) d join public.schedule_slots s on s.id = d.slot_id
    where d.start_time = p_time;
    v_error := case
        when not found then 'no slot starts at this time'
        when v_slot.is_closed then 'the clinic is closed at this time'
        when v_slot.block_reason is not null then 'this time is blocked: ' || v_slot.block_reason
        when v_slot.available_count = 0 then 'this slot is fully booked'
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

-- Up to five free times of a day, those nearest to the given one, in order.
create or replace function idexx_sync.alternative_times(p_clinic_id uuid, p_date date, p_time time) returns jsonb
language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'time', to_char(near.start_time, 'HH12:MI AM'), 'available', near.available_count) order by near.start_time), '[]')
    from (
        select s.start_time, s.available_count from idexx_sync.day_slots(p_clinic_id, p_date) s
        join idexx_sync.clinic_settings c on c.id = p_clinic_id
        where s.available_count > 0 and not s.is_closed and s.block_reason is null
            and not (s.has_begun and p_date = (now() at time zone c.timezone)::date)
        order by abs(extract(epoch from s.start_time - p_time)), s.start_time limit 5
    ) near
$$;

create or replace function public.auto_reschedule_conflicts(p_clinic_id uuid, p_date date)
returns table (booking_id uuid, old_time time, new_time time, client_name text, patient_name text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if idexx_sync.may_read_clinic(p_clinic_id) then
        perform idexx_sync.match_bookings(p_clinic_id, p_date, p_date);
        return query select * from idexx_sync.settle_conflicts(p_clinic_id, p_date, true);
    end if;
end $$;

create or replace function public.update_slot_booked_count(p_clinic_id uuid, p_date date, p_start_time time) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if idexx_sync.may_read_clinic(p_clinic_id) then
        perform idexx_sync.recount_slots(p_clinic_id, p_date, p_date, array[p_start_time]);
    end if;
end $$;

create or replace function public.update_slot_counts_bulk(p_clinic_id uuid, p_start_date date, p_end_date date)
returns table (updated_count bigint) language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    updated_count := 0;
    if idexx_sync.may_read_clinic(p_clinic_id) then
        updated_count := idexx_sync.recount_slots(p_clinic_id, p_start_date, p_end_date);
    end if;
    return next;
end $$;

-- A body of another program stays, unless it runs with its owner's rights.
do $$ begin
    if (select not p.prosecdef from pg_proc p where p.oid = to_regprocedure('public.get_active_sync_count(uuid)')) then
        return;
    end if;
    drop function if exists public.get_active_sync_count(uuid);
    create function public.get_active_sync_count(p_clinic_id uuid) returns integer
    language sql stable security definer set search_path = pg_catalog, pg_temp as $f$
        select count(*)::integer from public.schedule_syncs s
        where s.clinic_id = p_clinic_id and s.status = 'in_progress' and s.started_at > now() - interval '10 minutes'
            and (select idexx_sync.may_read_clinic(p_clinic_id))
    $f$;
end $$;

-- Nobody calls them but those named here: the service, signed-in users, and roles that another program's grants, or a
-- clinic, name.
do $$
declare
    f record;
    r name;
begin
    for f in
        select p.oid::regprocedure as call, p.proname as name from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.proname in (
            'get_available_slots', 'book_slot_with_hold', 'auto_reschedule_conflicts', 'update_slot_booked_count',
            'update_slot_counts_bulk', 'get_active_sync_count', 'generate_confirmation_number'
        )
    loop
        execute format('revoke all on function %s from public', f.call);
        if to_regrole('anon') is not null then
            execute format('revoke all on function %s from anon', f.call);
        end if;
        for r in
            select x.rolname from pg_roles x
            where x.rolname in ('authenticated', 'service_role')
                or x.rolname in (select g.grantee from earlier_grants g where g.name = f.name)
                or (f.name in ('get_available_slots', 'get_active_sync_count')
                    and x.rolname in (select c.role from idexx_sync.clinic_roles c))
        loop
            execute format('grant execute on function %s to %I', f.call, r);
        end loop;
    end loop;
end $$;
drop table earlier_grants;

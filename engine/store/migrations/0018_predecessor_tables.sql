-- The tables of `public`, with every column, default and constraint of the predecessor's, and ours behind them. Each
-- statement finds a table of ours, of the predecessor, or none.

create table if not exists public.idexx_credentials (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null,
    clinic_id uuid references public.clinics (id) on delete cascade,
    username_encrypted bytea not null,
    password_encrypted bytea not null,
    company_id_encrypted bytea,
    encryption_key_id text not null default 'default',
    is_active boolean not null default true,
    last_used_at timestamptz,
    validation_status text not null default 'unknown',
    last_validated_at timestamptz,
    sync_enabled boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table if not exists public.clinic_schedule_config (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null unique references public.clinics (id) on delete cascade,
    open_time time not null default '08:00',
    close_time time not null default '18:00',
    days_of_week integer[],
    slot_duration_minutes integer not null default 15 check (slot_duration_minutes >= 1 and slot_duration_minutes <= 120),
    default_capacity integer not null default 2 check (default_capacity > 0),
    sync_horizon_days integer not null default 14 check (sync_horizon_days >= 1 and sync_horizon_days <= 60),
    stale_threshold_minutes integer not null default 60,
    timezone text not null default 'America/Los_Angeles',
    idexx_config_snapshot jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table if not exists public.clinic_blocked_periods (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    name text not null,
    start_time time not null,
    end_time time not null,
    days_of_week integer[] not null,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (start_time < end_time)
);

create table if not exists public.vapi_bookings (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    slot_id uuid references public.schedule_slots (id) on delete set null,
    date date not null,
    start_time time not null,
    client_name text not null,
    client_phone text not null,
    patient_name text not null,
    species text,
    breed text,
    reason text,
    is_new_client boolean,
    status text not null default 'pending',
    confirmation_number text unique,
    vapi_call_id text,
    hold_expires_at timestamptz,
    booked_at_sync_id uuid,
    sync_freshness_at_booking timestamptz,
    has_conflict boolean not null default false,
    original_date date,
    original_time time,
    rescheduled_at timestamptz,
    rescheduled_reason text,
    metadata jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- Columns that the tables of one side lack. A column of ours is null or has a default, so programs that do not know it
-- insert as before.
alter table public.clinics
    add column if not exists slug text,
    add column if not exists email text,
    add column if not exists phone text,
    add column if not exists address text,
    add column if not exists pims_type text not null default 'idexx_neo',
    add column if not exists is_active boolean not null default true,
    -- Null until it is set: a zone is never guessed for the clinics that are there.
    add column if not exists timezone text,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now(),
    add column if not exists country text not null default 'US',
    -- The room ids that count as capacity; null: every room that the portal names.
    add column if not exists resources text[],
    -- Why the portal refuses this clinic's credentials; null: it does not, as far as we know.
    add column if not exists login_failure text,
    -- The freshness goal; null: the predecessor's threshold, if there is one.
    add column if not exists max_age_seconds integer;
do $$
begin
    if not exists (
        select from idexx_sync.predecessor_objects
        where kind = 'columns' and table_name = 'clinics' and 'timezone' = any (string_to_array(definition, ','))
    ) then
        alter table public.clinics
            alter column timezone set default 'America/Los_Angeles',
            alter column timezone drop not null;
    end if;
end $$;

alter table public.clinic_schedule_config
    add column if not exists idexx_config_snapshot jsonb,
    -- True: the envelope of the portal's hours, which we write for the programs that read it. False: the configuration
    -- of another program, which we read and do not write.
    add column if not exists from_portal boolean not null default false;

alter table public.schedule_slots
    add column if not exists sync_id uuid,
    add column if not exists updated_at timestamptz not null default now(),
    -- Null on rows that another program inserts.
    add column if not exists starts_at timestamptz,
    add column if not exists ends_at timestamptz,
    -- A slot that no longer fits the clinic's hours while it is taken; its booked_count is its capacity.
    add column if not exists is_closed boolean not null default false;

alter table public.schedule_appointments
    add column if not exists slot_id uuid references public.schedule_slots (id) on delete set null,
    add column if not exists updated_at timestamptz not null default now(),
    add column if not exists starts_at timestamptz,
    add column if not exists ends_at timestamptz,
    add column if not exists client_phone_raw text,
    add column if not exists notes text,
    -- The first scrape that showed the appointment on its date.
    add column if not exists appeared_at timestamptz,
    -- The first scrape of its date that no longer showed it; null while the newest one shows it.
    add column if not exists missing_since timestamptz,
    add column if not exists client_email text,
    add column if not exists neo_client_id text,
    add column if not exists neo_patient_id text,
    add column if not exists neo_consultation_id text,
    add column if not exists references_hash text,
    -- The portal's id, without the start that tells occurrences of a repeating record apart (0016).
    add column if not exists portal_appointment_id text generated always as (
        regexp_replace(neo_appointment_id, '@\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$', '')
    ) stored;

alter table public.schedule_syncs
    add column if not exists conflicts_detected integer default 0,
    add column if not exists conflicts_resolved integer default 0,
    add column if not exists idexx_config jsonb,
    add column if not exists error_details jsonb,
    add column if not exists duration_ms integer,
    add column if not exists progress_percentage integer default 0,
    add column if not exists "current_date" date,
    add column if not exists failed_dates text[],
    add column if not exists partial_success boolean default false,
    add column if not exists updated_at timestamptz not null default now(),
    add column if not exists removals_held integer not null default 0,
    add column if not exists request_id text,
    add column if not exists dry_run boolean not null default false,
    add column if not exists dates_total integer not null default 0,
    add column if not exists dates_done integer not null default 0,
    -- What a dry run would have done: kinds, ids, dates and times.
    add column if not exists plan jsonb,
    -- When the sync times out; set when it starts.
    add column if not exists deadline_at timestamptz,
    -- The last sign of life of anything that works on it.
    add column if not exists heartbeat_at timestamptz,
    -- The number of its last event; 0: a sync of the predecessor.
    add column if not exists last_seq integer not null default 0,
    add column if not exists warnings jsonb not null default '[]',
    add column if not exists configuration jsonb,
    -- When the oldest open date of its range was last read; null: one never was.
    add column if not exists fresh_as_of timestamptz;

-- The rows of ours that the predecessor's constraints do not allow. A closed slot had capacity 0; a slot that lasts to
-- midnight or beyond it ended at a time before its start (`ends_at` stays exact).
do $$
begin
    if exists (select from idexx_sync.predecessor_objects) then
        return;
    end if;
    update public.schedule_slots set is_closed = true, capacity = greatest(booked_count, 1), booked_count = greatest(booked_count, 1)
    where capacity <= 0;
    update public.schedule_slots set end_time = '23:59:59' where end_time <= start_time;
    update public.schedule_syncs set started_at = created_at where started_at is null;
    update public.schedule_appointments set last_synced_at = created_at where last_synced_at is null;
    alter table public.schedule_slots alter column capacity set default 2;
    alter table public.schedule_appointments
        alter column sync_hash drop not null,
        alter column last_synced_at set default now(),
        alter column last_synced_at set not null;
    alter table public.schedule_syncs
        alter column status set default 'in_progress',
        alter column slots_created drop not null,
        alter column slots_updated drop not null,
        alter column appointments_added drop not null,
        alter column appointments_updated drop not null,
        alter column appointments_removed drop not null,
        alter column progress_percentage drop not null,
        alter column failed_dates drop not null,
        alter column failed_dates drop default,
        alter column partial_success drop not null,
        alter column started_at set default now(),
        alter column started_at set not null;
    if to_regclass('public.schedule_slots_start') is not null then
        alter table public.schedule_slots
            add constraint schedule_slots_clinic_id_date_start_time_key unique using index schedule_slots_start;
    end if;
    -- Left out where two clinics of ours have one name: both keep it.
    if not exists (select from public.clinics group by name having count(*) > 1)
        and not exists (select from pg_constraint where conrelid = 'public.clinics'::regclass and conname = 'clinics_name_key')
    then
        alter table public.clinics add constraint clinics_name_key unique (name);
    end if;
end $$;

-- Which states a sync may have is decided in engine/sync.py; a constraint would have to know those of other programs.
do $$
declare
    r record;
begin
    for r in
        select c.conname from pg_constraint c
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1] and a.attname = 'status'
        where c.conrelid = 'public.schedule_syncs'::regclass and c.contype = 'c' and cardinality(c.conkey) = 1
    loop
        execute format('alter table public.schedule_syncs drop constraint %I', r.conname);
    end loop;
end $$;

-- Constraints and indexes that are missing, told apart by what they say: a predecessor's have other names.
do $$
declare
    r record;
begin
    for r in
        select ('public.' || k.table_name)::regclass as owner, k.name, k.definition
        from (values
            ('schedule_slots', 'schedule_slots_capacity_check', 'CHECK ((capacity > 0))'),
            ('schedule_slots', 'schedule_slots_booked_count_check', 'CHECK ((booked_count >= 0))'),
            ('schedule_slots', 'schedule_slots_check', 'CHECK ((start_time < end_time))'),
            ('clinics', 'clinics_max_age_seconds', 'CHECK ((max_age_seconds > 0))')
        ) k (table_name, name, definition)
    loop
        if not exists (
            select from pg_constraint c where c.conrelid = r.owner and pg_get_constraintdef(c.oid) = r.definition
        ) then
            execute format('alter table %s add constraint %I %s', r.owner, r.name, r.definition);
        end if;
    end loop;
end $$;

create index if not exists schedule_syncs_latest on public.schedule_syncs (clinic_id, created_at desc);
create index if not exists schedule_syncs_live on public.schedule_syncs (clinic_id, created_at)
    where status in ('queued', 'in_progress');
create index if not exists schedule_syncs_held on public.schedule_syncs (clinic_id) where removals_held > 0;
create unique index if not exists schedule_syncs_request on public.schedule_syncs (clinic_id, request_id)
    where request_id is not null;
create unique index if not exists schedule_appointments_neo on public.schedule_appointments (clinic_id, neo_appointment_id)
    where deleted_at is null;
create index if not exists schedule_appointments_date on public.schedule_appointments (clinic_id, date)
    where deleted_at is null;
create index if not exists schedule_appointments_deleted
    on public.schedule_appointments (clinic_id, neo_appointment_id, deleted_at desc) where deleted_at is not null;
create index if not exists schedule_appointments_missing on public.schedule_appointments (clinic_id, date)
    where missing_since is not null and deleted_at is null;
create index if not exists schedule_appointments_repeating
    on public.schedule_appointments (clinic_id, portal_appointment_id)
    where portal_appointment_id <> neo_appointment_id and deleted_at is null;
alter table public.schedule_appointments set (fillfactor = 90);

-- One of two that index the same.
do $$
declare
    r record;
begin
    for r in
        select ours.indexrelid::regclass as twin from pg_index ours
        join pg_class c on c.oid = ours.indexrelid and c.relname in ('schedule_appointments_neo', 'schedule_appointments_date',
            'schedule_appointments_deleted', 'schedule_syncs_latest', 'schedule_syncs_live')
        join pg_index other on other.indrelid = ours.indrelid and other.indexrelid <> ours.indexrelid
            and regexp_replace(pg_get_indexdef(other.indexrelid), ' INDEX \S+ ON ', ' ')
                = regexp_replace(pg_get_indexdef(ours.indexrelid), ' INDEX \S+ ON ', ' ')
        where ours.indrelid in ('public.schedule_appointments'::regclass, 'public.schedule_syncs'::regclass)
    loop
        execute format('drop index %s', r.twin);
    end loop;
end $$;

-- The predecessor's tables, written from old-database.md. A line that ends in `--? name` is there only in the variants
-- that have it; `--! name` only in those that have it not.
create function public.set_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at = now();
    return new;
end $$;

create table public.clinics (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    slug text not null, --? slug
    email text,
    phone text,
    address text,
    pims_type text not null default 'idexx_neo',
    is_active boolean not null default true,
    timezone text default 'America/Los_Angeles', --? timezone
    assistant_id text, --? extras
    plan jsonb not null default '{}', --? extras
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table public.clinics add constraint clinic_names_differ unique (name); --? unique_name

-- A table of the web application: whose clinic a signed-in user belongs to.
create table public.users (
    id uuid primary key references auth.users (id), clinic_id uuid references public.clinics (id) on delete set null
);

create table public.idexx_credentials (
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

create table public.schedule_slots (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    date date not null,
    start_time time not null,
    end_time time not null,
    capacity integer not null default 2 constraint positive_capacity check (capacity > 0),
    booked_count integer not null default 0 constraint booked_count_not_negative check (booked_count >= 0),
    last_synced_at timestamptz,
    sync_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint one_slot_a_start unique (clinic_id, date, start_time),
    constraint slot_has_length check (start_time < end_time)
);
create index slots_of_day on public.schedule_slots (clinic_id, date); --? extras

create table public.schedule_appointments (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    slot_id uuid references public.schedule_slots (id) on delete set null,
    neo_appointment_id text not null,
    date date not null,
    start_time time not null,
    end_time time not null,
    patient_name text,
    client_name text,
    client_phone text,
    provider_name text,
    room_id text,
    appointment_type text,
    status text not null,
    sync_hash text,
    reminded_at timestamptz, --? extras
    last_synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index one_row_a_portal_id on public.schedule_appointments (clinic_id, neo_appointment_id)
    where deleted_at is null;
create index appointments_of_day on public.schedule_appointments (clinic_id, date) where deleted_at is null;

create table public.vapi_bookings (
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

create table public.clinic_schedule_config (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    open_time time not null default '08:00',
    close_time time not null default '18:00',
    days_of_week integer[],
    slot_duration_minutes integer not null default 15
        constraint slot_duration_in_range check (slot_duration_minutes between 1 and 120),
    default_capacity integer not null default 2 constraint capacity_in_range check (default_capacity > 0),
    sync_horizon_days integer not null default 14 constraint horizon_in_range check (sync_horizon_days between 1 and 60),
    stale_threshold_minutes integer not null default 60,
    timezone text not null default 'America/Los_Angeles',
    idexx_config_snapshot jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint one_config_a_clinic unique (clinic_id)
);

create table public.clinic_blocked_periods (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    name text not null,
    start_time time not null,
    end_time time not null,
    days_of_week integer[] not null,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint period_has_length check (start_time < end_time)
);

create table public.schedule_syncs (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    sync_start_date date not null,
    sync_end_date date not null,
    status text not null default 'in_progress',
    slots_created integer default 0,
    slots_updated integer default 0,
    appointments_added integer default 0,
    appointments_updated integer default 0,
    appointments_removed integer default 0,
    conflicts_detected integer default 0,
    conflicts_resolved integer default 0,
    idexx_config jsonb,
    error_message text,
    error_details jsonb,
    started_at timestamptz not null default now(),
    completed_at timestamptz,
    duration_ms integer,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table public.schedule_syncs add column progress_percentage integer default 0; --? progress
alter table public.schedule_syncs add column "current_date" date; --? current_date
alter table public.schedule_syncs add column failed_dates text[]; --? progress
alter table public.schedule_syncs add column partial_success boolean default false; --? progress
alter table public.schedule_syncs add constraint known_status check (status in ('in_progress', 'completed', 'failed')); --? status_check

do $$
declare
    t text;
begin
    foreach t in array array['clinics', 'idexx_credentials', 'schedule_slots', 'schedule_appointments', 'vapi_bookings',
        'clinic_schedule_config', 'clinic_blocked_periods', 'schedule_syncs']
    loop
        execute format('create trigger set_updated_at before update on public.%I for each row '
            'execute function public.set_updated_at()', t);
        continue when t in ('clinics', 'idexx_credentials');
        execute format('alter table public.%I enable row level security', t);
        execute format('create policy "Users see their clinic" on public.%I for select to authenticated '
            'using (clinic_id in (select u.clinic_id from public.users u where u.id = auth.uid()))', t);
        execute format('create policy "Service role does everything" on public.%I '
            'using (auth.jwt() ->> ''role'' = ''service_role'')', t);
    end loop;
end $$;

-- Other programs' things.
create table public.call_logs ( --? extras
    id bigint generated always as identity primary key, booking_id uuid references public.vapi_bookings (id), note text --? extras
); --? extras
create view public.todays_calls as --? extras
    select b.client_name, b.start_time, s.capacity from public.vapi_bookings b left join public.schedule_slots s on s.id = b.slot_id; --? extras
create view public.appointment_report as --? extras
    select clinic_id, date, count(*) as appointments, max(sync_hash) as newest from public.schedule_appointments --? extras
    where deleted_at is null group by clinic_id, date; --? extras

-- The tables as a project that used the old system may have them: the columns of the interface, and a row in each.
create table clinics (id uuid primary key default gen_random_uuid(), name text not null, created_at timestamptz not null default now());
create table schedule_syncs (
    id uuid primary key default gen_random_uuid(), clinic_id uuid not null references clinics (id),
    sync_start_date date not null, sync_end_date date not null, status text not null default 'queued',
    progress_percentage integer not null default 0, "current_date" date, failed_dates text[] not null default '{}',
    partial_success boolean not null default false, removals_held integer not null default 0,
    slots_created integer not null default 0, slots_updated integer not null default 0,
    appointments_added integer not null default 0, appointments_updated integer not null default 0,
    appointments_removed integer not null default 0, error_message text, error_details jsonb,
    started_at timestamptz, completed_at timestamptz, duration_ms integer, created_at timestamptz not null default now()
);
create table schedule_slots (
    id uuid primary key default gen_random_uuid(), clinic_id uuid not null references clinics (id), date date not null,
    start_time time not null, end_time time not null, capacity integer not null default 2,
    booked_count integer not null default 0, last_synced_at timestamptz, created_at timestamptz not null default now(),
    unique (clinic_id, date, start_time)
);
create table schedule_appointments (
    id uuid primary key default gen_random_uuid(), clinic_id uuid not null references clinics (id),
    slot_id uuid references schedule_slots (id), neo_appointment_id text not null, date date not null,
    start_time time not null, end_time time not null, patient_name text, client_name text, client_phone text,
    provider_name text, room_id text, appointment_type text, status text not null default 'scheduled',
    sync_hash text not null, last_synced_at timestamptz, deleted_at timestamptz, created_at timestamptz not null default now()
);
create unique index on schedule_appointments (clinic_id, neo_appointment_id) where deleted_at is null;
create function update_slot_counts_bulk(p_clinic_id uuid, p_start_date date, p_end_date date) returns void
language sql as $$ select $$;

insert into clinics (id, name) values ('00000000-0000-0000-0000-000000000001', 'Elm Street Animal Hospital');
insert into schedule_syncs (clinic_id, sync_start_date, sync_end_date, status)
values ('00000000-0000-0000-0000-000000000001', '2026-03-02', '2026-03-02', 'completed');
insert into schedule_slots (clinic_id, date, start_time, end_time)
values ('00000000-0000-0000-0000-000000000001', '2026-03-02', '09:00', '09:30');
insert into schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, patient_name, sync_hash)
values ('00000000-0000-0000-0000-000000000001', '1', '2026-03-02', '09:00', '09:30', 'Old', 'old'),
    ('00000000-0000-0000-0000-000000000001', '2', '2026-03-02', '09:15', '09:45', 'Gone', 'old');

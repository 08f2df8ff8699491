-- The tables of the interface. Every statement may run again, also on a database that has older tables of
-- the same names (an existing Supabase project): missing columns are added, nothing is dropped.

create table if not exists clinics (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    created_at timestamptz not null default now()
);
alter table clinics add column if not exists slug text;
alter table clinics add column if not exists timezone text not null default 'America/New_York';
alter table clinics add column if not exists country text not null default 'US';
-- The room ids that count as capacity; null: every room that the portal names.
alter table clinics add column if not exists resources text[];
-- Why the portal refuses this clinic's credentials; null: it does not, as far as we know.
alter table clinics add column if not exists login_failure text;
update clinics set slug = left(trim(both '-' from regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g')), 31) || '-' || left(id::text, 8)
where slug is null;
alter table clinics alter column slug set not null;
create unique index if not exists clinics_slug on clinics (slug);

create table if not exists idexx_credentials (
    clinic_id uuid primary key references clinics (id) on delete cascade,
    -- AES-256-GCM, with the clinic and the key id as associated data; see engine/store/vault.py
    key_id text not null,
    sealed bytea not null,
    updated_at timestamptz not null default now()
);

-- The signed-in session of a clinic, or that the portal refused it, for every DateScraper to find.
create table if not exists idexx_sessions (
    clinic_id uuid primary key references clinics (id) on delete cascade,
    -- Which sign-in it comes from; null for a refusal.
    generation text,
    key_id text not null,
    sealed bytea not null,
    expires_at timestamptz not null
);

create table if not exists clinic_schedule_config (
    clinic_id uuid primary key references clinics (id) on delete cascade,
    opens time not null,
    closes time not null,
    days_of_week smallint[] not null,
    slot_minutes integer not null check (slot_minutes between 1 and 1440),
    rooms jsonb,
    updated_at timestamptz not null default now()
);

create table if not exists clinic_blocked_periods (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references clinics (id) on delete cascade,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    reason text
);
create index if not exists clinic_blocked_periods_clinic on clinic_blocked_periods (clinic_id, starts_at);

-- A sync: see engine/sync.py for its life.
create table if not exists schedule_syncs (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references clinics (id) on delete cascade,
    sync_start_date date not null,
    sync_end_date date not null,
    status text not null,
    progress_percentage integer not null default 0,
    "current_date" date,
    failed_dates text[] not null default '{}',
    partial_success boolean not null default false,
    removals_held integer not null default 0,
    slots_created integer not null default 0,
    slots_updated integer not null default 0,
    appointments_added integer not null default 0,
    appointments_updated integer not null default 0,
    appointments_removed integer not null default 0,
    error_message text,
    error_details jsonb,
    started_at timestamptz,
    completed_at timestamptz,
    duration_ms integer,
    created_at timestamptz not null default now()
);
alter table schedule_syncs add column if not exists request_id text;
alter table schedule_syncs add column if not exists dry_run boolean not null default false;
alter table schedule_syncs add column if not exists dates_total integer not null default 0;
alter table schedule_syncs add column if not exists dates_done integer not null default 0;
-- What a dry run would have done: kinds, ids, dates and times.
alter table schedule_syncs add column if not exists plan jsonb;
-- When the sync times out; set when it starts.
alter table schedule_syncs add column if not exists deadline_at timestamptz;
-- The last sign of life of anything that works on it.
alter table schedule_syncs add column if not exists heartbeat_at timestamptz;
-- The number of its last event.
alter table schedule_syncs add column if not exists last_seq integer not null default 0;
alter table schedule_syncs drop constraint if exists schedule_syncs_status;
alter table schedule_syncs add constraint schedule_syncs_status
    check (status in ('queued', 'in_progress', 'completed', 'failed', 'cancelled', 'timed_out')) not valid;
create unique index if not exists schedule_syncs_request on schedule_syncs (clinic_id, request_id) where request_id is not null;
create index if not exists schedule_syncs_latest on schedule_syncs (clinic_id, created_at desc);
create index if not exists schedule_syncs_live on schedule_syncs (clinic_id, created_at) where status in ('queued', 'in_progress');

create table if not exists schedule_sync_dates (
    sync_id uuid not null references schedule_syncs (id) on delete cascade,
    date date not null,
    status text not null default 'pending'
        check (status in ('pending', 'scraping', 'scraped', 'reconciled', 'failed')),
    position integer not null,
    attempts integer not null default 0,
    reason text,
    message text,
    -- How often it was sent to a DateScraper: tells the messages of one date apart.
    dispatches integer not null default 0,
    dispatched_at timestamptz,
    -- The first date of the span that it was sent with: neighbouring dates may share one message and one call.
    lead date,
    next_try_at timestamptz,
    -- It was reconciled, and is looked at once more before anything is removed.
    second_look boolean not null default false,
    -- Who scrapes it: a fencing token, so that a holder that lost the date can write nothing.
    claim uuid,
    worker text,
    heartbeat_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    added integer not null default 0,
    updated integer not null default 0,
    removed integer not null default 0,
    unchanged integer not null default 0,
    primary key (sync_id, date)
);

create table if not exists schedule_snapshots (
    sync_id uuid not null references schedule_syncs (id) on delete cascade,
    date date not null,
    clinic_id uuid not null references clinics (id) on delete cascade,
    scraped_at timestamptz not null,
    appointments jsonb not null,
    proof jsonb not null,
    primary key (sync_id, date)
);

-- What the portal showed when a try at a date failed; names and numbers are masked before it comes here.
create table if not exists schedule_evidence (
    id bigint generated always as identity primary key,
    sync_id uuid not null references schedule_syncs (id) on delete cascade,
    date date not null,
    at timestamptz not null,
    reason text not null,
    message text not null,
    address text not null,
    title text not null,
    http_status integer,
    headers jsonb not null,
    body text not null,
    screenshot bytea
);
create index if not exists schedule_evidence_date on schedule_evidence (sync_id, date, id);
create index if not exists schedule_evidence_age on schedule_evidence (at);

-- The newest complete scrape of each date that has been applied: an older one that comes late changes nothing.
create table if not exists schedule_date_scrapes (
    clinic_id uuid not null references clinics (id) on delete cascade,
    date date not null,
    scraped_at timestamptz not null,
    sync_id uuid not null,
    primary key (clinic_id, date)
);

-- Events are recorded in the transaction that makes them true and published after it (law 8).
create table if not exists schedule_sync_events (
    sync_id uuid not null references schedule_syncs (id) on delete cascade,
    seq integer not null,
    clinic_id uuid not null,
    event text not null,
    payload jsonb not null,
    at timestamptz not null,
    published_at timestamptz,
    primary key (sync_id, seq)
);
create index if not exists schedule_sync_events_unpublished on schedule_sync_events (clinic_id, sync_id, seq) where published_at is null;

create table if not exists schedule_slots (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references clinics (id) on delete cascade,
    date date not null,
    start_time time not null,
    end_time time not null,
    capacity integer not null,
    booked_count integer not null default 0,
    last_synced_at timestamptz,
    created_at timestamptz not null default now()
);
alter table schedule_slots add column if not exists starts_at timestamptz;
alter table schedule_slots add column if not exists ends_at timestamptz;
create unique index if not exists schedule_slots_start on schedule_slots (clinic_id, date, start_time);

create table if not exists schedule_appointments (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references clinics (id) on delete cascade,
    slot_id uuid references schedule_slots (id) on delete set null,
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
    sync_hash text not null,
    last_synced_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz not null default now()
);
alter table schedule_appointments add column if not exists starts_at timestamptz;
alter table schedule_appointments add column if not exists ends_at timestamptz;
alter table schedule_appointments add column if not exists client_phone_raw text;
alter table schedule_appointments add column if not exists notes text;
create unique index if not exists schedule_appointments_neo on schedule_appointments (clinic_id, neo_appointment_id) where deleted_at is null;
create index if not exists schedule_appointments_date on schedule_appointments (clinic_id, date) where deleted_at is null;
create index if not exists schedule_appointments_deleted on schedule_appointments (clinic_id, neo_appointment_id, deleted_at desc) where deleted_at is not null;

-- The values of an appointment, as a change keeps them: three times cheaper to write than jsonb, and to_jsonb reads it.
do $$ begin
    create type schedule_appointment_values as (
        date date, start_time time, end_time time, starts_at timestamptz, ends_at timestamptz, patient_name text,
        client_name text, client_phone text, client_phone_raw text, provider_name text, room_id text,
        appointment_type text, status text, notes text, sync_hash text
    );
exception when duplicate_object then null;
end $$;

-- What changed in which sync: history, and the source of the feed idexx.evt.appointment.<clinic>.<kind>.
-- `before` and `after` stay in the database; only ids, dates and times are published.
create table if not exists schedule_appointment_changes (
    id bigint generated always as identity primary key,
    -- No foreign key: checking it for each row costs as much as an index. A trigger removes a clinic's changes.
    clinic_id uuid not null,
    sync_id uuid not null,
    appointment_id uuid not null,
    neo_appointment_id text not null,
    kind text not null check (kind in ('added', 'updated', 'moved', 'removed', 'restored')),
    before schedule_appointment_values,
    after schedule_appointment_values,
    -- An undo is told apart from what a sync did.
    is_undo boolean not null default false,
    at timestamptz not null default now(),
    published_at timestamptz
);
create index if not exists schedule_appointment_changes_appointment on schedule_appointment_changes (appointment_id, id);
create index if not exists schedule_appointment_changes_sync on schedule_appointment_changes (sync_id, id);
create index if not exists schedule_appointment_changes_unpublished on schedule_appointment_changes (clinic_id, id) where published_at is null;

create or replace function remove_clinic_changes() returns trigger language plpgsql as $$
begin
    delete from schedule_appointment_changes where clinic_id in (select id from removed);
    return null;
end $$;
create or replace trigger clinics_remove_changes after delete on clinics
    referencing old table as removed for each statement execute function remove_clinic_changes();

-- What a clinic has decided about the times that it offers, and who decided it. Null, or no row: the default applies.
-- Which columns count is `public.clinics.resources`; null: they have not been chosen.

alter table idexx_sync.clinic_rules
    -- Starts are offered where the minute of the day is divisible by it; null: the portal's slot interval.
    add column if not exists grid_minutes integer check (grid_minutes between 1 and 1440),
    -- The length of an appointment whose type has none; null: the grid.
    add column if not exists default_minutes integer check (default_minutes between 1 and 1440),
    add column if not exists notice_minutes integer check (notice_minutes >= 0),
    -- Days from today that are offered; 1 is today only. Null: every day that was read.
    add column if not exists horizon_days integer check (horizon_days >= 1),
    -- The age at which a date is stale; null: the clinic's freshness goal.
    add column if not exists max_age_seconds integer check (max_age_seconds >= 1);

-- Minutes are counted from midnight on the clinic's clock. Weekdays begin with Sunday, as 0.

-- The times in which callers may book. A clinic without rows: its opening hours alone decide. With rows, a weekday
-- without one offers nothing.
create table if not exists idexx_sync.bookable_windows (
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    weekday smallint not null check (weekday between 0 and 6),
    from_minute smallint not null check (from_minute >= 0),
    to_minute smallint not null check (to_minute > from_minute and to_minute <= 1440),
    primary key (clinic_id, weekday, from_minute)
);

-- Times that are never offered, such as lunch.
create table if not exists idexx_sync.recurring_blocks (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    -- Null: every day.
    weekday smallint check (weekday between 0 and 6),
    from_minute smallint not null check (from_minute >= 0),
    to_minute smallint not null check (to_minute > from_minute and to_minute <= 1440),
    reason text
);
create index if not exists recurring_blocks_clinic on idexx_sync.recurring_blocks (clinic_id);

create table if not exists idexx_sync.closed_days (
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    date date not null,
    reason text,
    primary key (clinic_id, date)
);

-- What is special about appointments of a type; its name as in schedule_appointments.appointment_type.
create table if not exists idexx_sync.type_rules (
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    type text not null check (lower(type) <> 'block' and type <> ''),
    -- Null: as long as the portal says.
    minutes integer check (minutes between 1 and 1440),
    -- False: an appointment of this type never takes a column.
    counts boolean not null default true,
    -- The ids of the columns that it may use; null: every column that counts.
    columns text[],
    primary key (clinic_id, type)
);
create unique index if not exists type_rules_name on idexx_sync.type_rules (clinic_id, lower(type));

-- Who set a rule, and when. `rule`: a column of clinic_rules, 'columns', or a table and its key, such as
-- 'bookable_windows/1', 'recurring_blocks/*', 'closed_days/2026-12-24', 'type_rules/Surgery'.
create table if not exists idexx_sync.rule_origins (
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    rule text not null,
    set_by text not null,
    set_at timestamptz not null default clock_timestamp(),
    primary key (clinic_id, rule)
);

do $$
declare
    t text;
begin
    foreach t in array array['bookable_windows', 'recurring_blocks', 'closed_days', 'type_rules', 'rule_origins'] loop
        execute format('alter table idexx_sync.%I enable row level security', t);
    end loop;
end $$;

-- When a sync last failed to read the date after `scraped_at`; null: none has.
alter table idexx_sync.schedule_date_scrapes add column if not exists failed_at timestamptz;

create or replace function idexx_sync.note_failed_date() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update idexx_sync.schedule_date_scrapes d set failed_at = coalesce(new.finished_at, clock_timestamp())
    from public.schedule_syncs s
    where s.id = new.sync_id and not s.dry_run and d.clinic_id = s.clinic_id and d.date = new.date;
    return null;
end $$;
-- A date that was not read because its sync ended has not failed.
create or replace trigger note_failed_date after insert or update of status on idexx_sync.schedule_sync_dates
    for each row when (new.status = 'failed' and new.reason is distinct from 'sync_ended')
    execute function idexx_sync.note_failed_date();

-- What lasts a day or longer, such as a block of a week: it is found on days after its own. A day may have 23 hours.
create index if not exists schedule_appointments_long on public.schedule_appointments (clinic_id, date)
    where deleted_at is null and ends_at - starts_at >= interval '23 hours';

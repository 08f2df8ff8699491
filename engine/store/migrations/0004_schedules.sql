-- When a clinic is to be synced without being asked, and how old its calendar may become.
-- The clock that ticks is on NATS (actors/schedules); these are the facts that it is made from.

-- The freshness goal: how old the last completed sync may be; null: nobody has said.
alter table clinics add column if not exists max_age_seconds integer;
alter table clinics drop constraint if exists clinics_max_age_seconds;
alter table clinics add constraint clinics_max_age_seconds check (max_age_seconds > 0);

create table if not exists clinic_sync_schedules (
    clinic_id uuid primary key references clinics (id) on delete cascade,
    -- Five fields: minute, hour, day of month, month, day of week.
    cron text not null,
    -- An IANA name; null: the clinic's own.
    timezone text,
    days_ahead integer not null default 14 check (days_ahead between 1 and 60),
    paused boolean not null default false,
    -- What became of the last tick; a refusal also says why.
    last_tick_at timestamptz,
    last_outcome text check (last_outcome in ('started', 'queued', 'covered', 'refused')),
    last_sync_id uuid,
    last_refusal text
);

-- No policy: nobody but the owner.
alter table clinic_sync_schedules enable row level security;

-- What callers have done through HTTP, NATS and the command line: who, when, what, and with which outcome. Written
-- before the action; the outcome after it.

create table if not exists idexx_sync.actions (
    id uuid primary key default gen_random_uuid(),
    at timestamptz not null default clock_timestamp(),
    -- The name of a key (http), of a user of the operating system (cli), or what a client states (nats); null: not known.
    who text,
    source text not null check (source in ('http', 'nats', 'cli')),
    verb text not null check (verb in ('sync', 'cancel', 'approve', 'reject', 'settle', 'confirm', 'release')),
    -- Without foreign keys: what was done stays known when the clinic or the sync is gone.
    clinic_id uuid not null,
    clinic text not null,
    sync_id uuid,
    booking_id uuid,
    -- How many appointments it was about.
    removals integer,
    -- `done`, or the reason of the refusal; null: not known, because the process ended.
    outcome text,
    published_at timestamptz
);
create index if not exists actions_clinic on idexx_sync.actions (clinic_id, at);
create index if not exists actions_sync on idexx_sync.actions (sync_id);
create index if not exists actions_unpublished on idexx_sync.actions (clinic_id, at)
    where outcome is not null and published_at is null;

alter table idexx_sync.actions enable row level security;

-- The history of a slot is read by date.
create index if not exists offer_changes_date on idexx_sync.offer_changes (clinic_id, date, id);

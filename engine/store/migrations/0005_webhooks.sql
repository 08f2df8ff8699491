-- Webhooks: to which address the end of a clinic's syncs is told, and what became of each delivery.

create table if not exists clinic_webhooks (
    clinic_id uuid primary key references clinics (id) on delete cascade,
    url text not null,
    -- What signs the deliveries: AES-256-GCM, with the clinic and the key id as associated data; see engine/webhook.py
    key_id text not null,
    sealed bytea not null,
    -- Until when the secret before this one signs, too; null: there is none.
    old_secret_until timestamptz,
    -- Since when nothing is sent, and why; null: it is.
    paused_at timestamptz,
    pause_reason text,
    created_at timestamptz not null default now()
);

-- Recorded in the transaction that ends the sync, and sent after it. It is also the log of deliveries.
create table if not exists webhook_deliveries (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references clinics (id) on delete cascade,
    -- Null: a test.
    sync_id uuid references schedule_syncs (id) on delete cascade,
    event text not null,
    -- What is sent, to the letter: it is what the signature covers.
    body text not null,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
    -- Tries that were begun, and where the last one went.
    attempts integer not null default 0,
    url text,
    tried_at timestamptz,
    -- No try is made before. While one is made, it lies behind the end that the try must come to.
    next_attempt_at timestamptz not null default clock_timestamp(),
    -- When the notifier was sent a message about the next try; null: it was not yet.
    mailed_at timestamptz,
    -- Of the last try: the receiver's answer, and why it did not deliver.
    status integer,
    reason text,
    duration_ms integer,
    created_at timestamptz not null default clock_timestamp(),
    -- Since when it is to be delivered: as above, or when somebody had it delivered again.
    queued_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz
);
create index if not exists webhook_deliveries_due on webhook_deliveries (next_attempt_at) where state = 'pending';
create index if not exists webhook_deliveries_latest on webhook_deliveries (clinic_id, created_at desc);
create index if not exists webhook_deliveries_sync on webhook_deliveries (sync_id);
create index if not exists webhook_deliveries_age on webhook_deliveries (created_at);

-- No policy: nobody but the owner. An address may hold a token.
alter table clinic_webhooks enable row level security;
alter table webhook_deliveries enable row level security;

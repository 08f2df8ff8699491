-- Webhooks that are also sent what needs a person, and what has been sent.
alter table idexx_sync.clinic_webhooks add column if not exists sends_attention boolean not null default false;

-- What a clinic's webhook was sent and has not ended. `item` is what was sent, to say once more at its end.
create table if not exists idexx_sync.attention_notices (
    key text primary key,
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    item jsonb not null,
    recorded_at timestamptz not null default clock_timestamp()
);
create index if not exists attention_notices_clinic on idexx_sync.attention_notices (clinic_id);
alter table idexx_sync.attention_notices enable row level security;

-- Keys of the HTTP API, with what each may do.

create table if not exists idexx_sync.api_keys (
    id uuid primary key default gen_random_uuid(),
    -- A repeated name is a caller with two keys, so that a key can be replaced without a pause.
    name text not null check (name ~ '^[A-Za-z0-9_.-]{1,40}$'),
    -- The SHA-256 of the key, in hexadecimal. The key itself is stored nowhere.
    key_hash text not null unique check (key_hash ~ '^[0-9a-f]{64}$'),
    -- Null: all clinics.
    clinic_id uuid references public.clinics (id) on delete cascade,
    rights text[] not null check ('read' = any (rights) and rights <@ array['read', 'names', 'act']),
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index if not exists api_keys_clinic on idexx_sync.api_keys (clinic_id);

alter table idexx_sync.api_keys enable row level security;

-- Calendar feeds (iCalendar) that calendar programs subscribe to, and what each has published.

create table if not exists idexx_sync.calendar_feeds (
    id uuid primary key default gen_random_uuid(),
    -- A repeated name is a feed with two addresses, so that an address can be replaced without a pause.
    name text not null check (name ~ '^[A-Za-z0-9_.-]{1,40}$'),
    -- The SHA-256 of the token in the feed's address, in hexadecimal. The token itself is stored nowhere.
    token_hash text not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    -- The portal's ids of the columns that the feed shows. Null: all.
    columns text[] check (cardinality(columns) > 0),
    -- The name or the portal's id of the provider whose appointments the feed shows. Null: all.
    provider text check (provider <> ''),
    -- Whether it shows names of patients, clients, columns and providers, and titles of blocks.
    names boolean not null default false,
    -- The range of days moves along with the clinic's calendar: this many before and after today.
    days_back integer not null check (days_back between 0 and 365),
    days_ahead integer not null check (days_ahead between 0 and 365),
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index if not exists calendar_feeds_clinic on idexx_sync.calendar_feeds (clinic_id);

-- The newest revision of each event that a feed has published: no names, and of what the event says only a hash.
create table if not exists idexx_sync.calendar_feed_events (
    feed_id uuid not null references idexx_sync.calendar_feeds (id) on delete cascade,
    uid text not null,
    -- Grows with each change of the event (SEQUENCE).
    sequence integer not null check (sequence >= 0),
    content_hash text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    is_all_day boolean not null,
    changed_at timestamptz not null,
    -- Since when the feed publishes it as cancelled.
    cancelled_at timestamptz,
    primary key (feed_id, uid)
);

alter table idexx_sync.calendar_feeds enable row level security;
alter table idexx_sync.calendar_feed_events enable row level security;

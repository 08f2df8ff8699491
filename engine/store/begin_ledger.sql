-- What an installation has before its first migration.
create schema if not exists idexx_sync;
create table idexx_sync.idexx_schema_migrations (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
);

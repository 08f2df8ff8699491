-- The portal that a clinic's credentials are for. They change together only: to set an address takes the password
-- and the key ring.

-- The clinic's own portal; null: the default, `IDEXX_BASE_URL`. The address is part of what the credentials are encrypted
-- for, so they do not open with another one. Versions before this one do not open them at all, and leave the clinic to
-- others.
alter table idexx_sync.sealed_credentials add column if not exists address text;

-- Scheme, host and port for which they were stored; null: the default at a time before this migration.
alter table idexx_sync.sealed_credentials add column if not exists origin text;

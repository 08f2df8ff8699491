-- What a sync could not read or use: of each snapshot and date, and of the sync as a whole.
alter table schedule_snapshots add column if not exists warnings jsonb not null default '[]';
alter table schedule_snapshots add column if not exists left_out jsonb not null default '[]';
alter table schedule_sync_dates add column if not exists warnings jsonb not null default '[]';
alter table schedule_syncs add column if not exists warnings jsonb not null default '[]';

-- When a look was stored: by then the portal had answered. An absence counts from there, since a slow answer may show the
-- calendar as it was long after the call was sent.
alter table schedule_snapshots add column if not exists stored_at timestamptz;
-- The look at a date before a sync's own, for the records that it left out.
create index if not exists schedule_snapshots_date on schedule_snapshots (clinic_id, date, scraped_at);

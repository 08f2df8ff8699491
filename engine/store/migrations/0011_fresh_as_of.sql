-- When the oldest open date of a sync's range was last read; null: one never was. Freshness goals go by it. Of the syncs
-- that ended before, those that left dates out made a clinic fresh.
alter table schedule_syncs add column if not exists fresh_as_of timestamptz;
update schedule_syncs set fresh_as_of = completed_at where fresh_as_of is null and status = 'completed';

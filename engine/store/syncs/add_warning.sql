-- Appends to the warnings of a running sync, unless the same one is there.
update public.schedule_syncs set warnings = warnings || $2::jsonb
where id = $1 and completed_at is null and not warnings @> $2::jsonb

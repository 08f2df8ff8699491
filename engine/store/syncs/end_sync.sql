update public.schedule_syncs s
set status = $2, completed_at = clock_timestamp(),
    -- A sync found after a month of standstill has to end as well: an integer holds 24 days.
    duration_ms = least(extract(epoch from clock_timestamp() - coalesce(s.started_at, s.created_at)) * 1000, 2147483647)::integer,
    progress_percentage = case when $2 = 'completed' then 100 else s.progress_percentage end,
    partial_success = $4, error_message = $5, error_details = $6::jsonb,
    removals_held = $7, slots_created = $8, slots_updated = $9, conflicts_detected = $13, conflicts_resolved = $14,
    appointments_added = d.added, appointments_updated = d.updated, appointments_removed = d.removed,
    plan = $10::jsonb, warnings = $11::jsonb, fresh_as_of = $12, "current_date" = null, failed_dates = d.failed
from (
    select
        coalesce(sum(added), 0) as added, coalesce(sum(updated), 0) as updated, coalesce(sum(removed), 0) as removed,
        coalesce(array_agg(date::text order by date) filter (where status = 'failed'), '{}') as failed
    from idexx_sync.schedule_sync_dates where sync_id = $1
) d
where s.id = $1 and s.status = any($3)
returning s.id

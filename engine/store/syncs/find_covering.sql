-- A queued or running sync that covers a request for these dates; not the one of the request itself.
select id from public.schedule_syncs
where clinic_id = $1 and status in ('queued', 'in_progress') and not dry_run
    and sync_start_date <= $2 and sync_end_date >= $3
    and request_id is distinct from $4
order by created_at
limit 1

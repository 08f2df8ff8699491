-- The predecessor knows three states. A sync that waits or runs would never end.
update public.schedule_syncs set completed_at = now(),
    error_message = 'closed by idexx-sync migrate --undo: the service before is back'
where status in ('queued', 'in_progress');
update public.schedule_syncs set status = 'failed',
    error_message = coalesce(error_message, case status when 'cancelled' then 'cancelled' else 'timed out' end)
where status in ('queued', 'in_progress', 'cancelled', 'timed_out');

select exists (select from public.schedule_syncs where clinic_id = $1 and status = 'completed' and not dry_run and last_seq > 0)

select exists (select from schedule_syncs where clinic_id = $1 and status = 'completed' and not dry_run)

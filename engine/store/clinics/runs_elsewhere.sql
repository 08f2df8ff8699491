-- Whether a sync of the clinic reads another portal than that of the address $2.
select exists (select from idexx_sync.sealed_credentials where clinic_id = $1 and address is distinct from $2)
    and exists (select from public.schedule_syncs where clinic_id = $1 and status = 'in_progress')

delete from idexx_sync.clinic_sync_schedules where clinic_id = $1 returning clinic_id

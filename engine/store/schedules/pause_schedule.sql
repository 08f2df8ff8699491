update idexx_sync.clinic_sync_schedules set paused = $2 where clinic_id = $1 returning clinic_id

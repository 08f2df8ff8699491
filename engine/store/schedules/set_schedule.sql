insert into idexx_sync.clinic_sync_schedules (clinic_id, cron, timezone, days_ahead)
values ($1, $2, $3, $4)
on conflict (clinic_id) do update set
    cron = excluded.cron, timezone = excluded.timezone, days_ahead = excluded.days_ahead, paused = false

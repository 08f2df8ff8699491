select
    c.slug as clinic, s.cron, coalesce(s.timezone, c.timezone, '') as timezone, s.days_ahead, s.paused,
    s.last_tick_at, s.last_outcome, s.last_sync_id, s.last_refusal
from idexx_sync.clinic_sync_schedules s
join idexx_sync.clinic_settings c on c.id = s.clinic_id
where s.clinic_id = $1

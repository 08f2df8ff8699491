-- Records the outcome of the clinic's last tick.
update idexx_sync.clinic_sync_schedules s set
    last_tick_at = $2, last_outcome = $3, last_sync_id = $4, last_refusal = $5
from idexx_sync.clinic_settings c
where c.id = s.clinic_id and c.slug = $1

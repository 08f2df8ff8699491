select l.appointment_id, l.portal_id, l.asked_at, l.outcome, l.reason, l.starts_at, l.ends_at, c.timezone
from idexx_sync.appointment_lookups l
join public.schedule_syncs s on s.id = l.sync_id
join idexx_sync.clinic_settings c on c.id = s.clinic_id
where l.sync_id = $1
order by l.appointment_id

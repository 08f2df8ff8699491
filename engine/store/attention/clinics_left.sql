-- The clinics whose last sync ended, or whose running one waits, because a worker's key ring does not open their
-- credentials. $1: that reason.
select c.slug
from public.schedule_syncs s
join idexx_sync.schedule_sync_dates d on d.sync_id = s.id
join idexx_sync.clinic_settings c on c.id = s.clinic_id
where s.status = 'in_progress' and d.status = 'pending' and d.reason = $1
union
select clinic from idexx_sync.attention where kind = 'failing_dates' and details ->> 'reason' = $1

-- The clinics whose running sync waits for a worker with other settings, or whose last one waited without success, with
-- the reason, which is one of $1.
select c.slug, d.reason
from public.schedule_syncs s
join idexx_sync.schedule_sync_dates d on d.sync_id = s.id
join idexx_sync.clinic_settings c on c.id = s.clinic_id
where s.status = 'in_progress' and d.status = 'pending' and d.reason = any ($1::text[])
union
select clinic, details ->> 'reason' from idexx_sync.attention
where kind = 'failing_dates' and details ->> 'reason' = any ($1::text[])

-- The dates that workers hold now.
select d.worker, c.slug as clinic, d.sync_id, d.date, d.attempts, d.heartbeat_at
from idexx_sync.schedule_sync_dates d
join public.schedule_syncs s on s.id = d.sync_id and s.status = 'in_progress'
join idexx_sync.clinic_settings c on c.id = s.clinic_id
where d.status = 'scraping' and d.worker is not null
order by d.worker, c.slug, d.date

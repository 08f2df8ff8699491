select d.date, n.scraped_at, n.appointments, n.proof, n.warnings, n.left_out, n.appointment_references, n.stored_at
from idexx_sync.schedule_sync_dates d
join idexx_sync.schedule_snapshots n using (sync_id, date)
where d.sync_id = $1 and d.date = any($2) and d.status = 'scraped'
order by d.date

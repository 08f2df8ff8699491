update idexx_sync.schedule_sync_dates d set removed = r.removed
from unnest($2::date[], $3::integer[]) r (date, removed)
where d.sync_id = $1 and d.date = r.date

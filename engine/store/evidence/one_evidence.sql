select e.id, e.sync_id, e.date, e.at, e.reason, e.message, e.address, e.title, e.http_status, e.headers, e.body, e.screenshot
from idexx_sync.schedule_evidence e join public.schedule_syncs s on s.id = e.sync_id
where s.clinic_id = $1 and e.id = $2

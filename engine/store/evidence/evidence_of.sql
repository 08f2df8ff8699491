-- What is stored about failures, newest first, without what the portal returned: of a sync, or of a clinic's date.
select e.id, e.sync_id, e.date, e.at, e.reason, e.message, e.http_status, e.screenshot is not null as has_screenshot
from idexx_sync.schedule_evidence e join public.schedule_syncs s on s.id = e.sync_id
where s.clinic_id = $1 and ($2::uuid is null or e.sync_id = $2) and ($3::date is null or e.date = $3)
order by e.id desc
limit $4

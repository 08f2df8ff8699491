select date, at, reason, message, address, title, http_status, headers, body, screenshot
from idexx_sync.schedule_evidence
where sync_id = $1 and ($2::date is null or date = $2)
order by id

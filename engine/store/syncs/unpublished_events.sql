select e.sync_id, e.seq, e.event, e.payload, c.slug as clinic
from idexx_sync.schedule_sync_events e join idexx_sync.clinic_settings c on c.id = e.clinic_id
where e.clinic_id = $1 and e.published_at is null
order by e.at, e.sync_id, e.seq
limit $2

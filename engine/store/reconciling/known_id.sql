select record ->> 'neo_appointment_id'
from idexx_sync.schedule_snapshots s cross join lateral jsonb_array_elements(s.appointments) record
where s.sync_id = $1
order by s.scraped_at desc, 1
limit 1

select date, scraped_at, appointments, proof, warnings, left_out, appointment_references, stored_at
from idexx_sync.schedule_snapshots where sync_id = $1 order by date

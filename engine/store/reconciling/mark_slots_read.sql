-- Notes with each slot of a range when the portal's day was read, for programs that read the table.
update public.schedule_slots s set last_synced_at = d.scraped_at, sync_id = d.sync_id
from idexx_sync.schedule_date_scrapes d
where s.clinic_id = $1 and s.date between $2 and $3 and d.clinic_id = s.clinic_id and d.date = s.date
    and s.last_synced_at is distinct from d.scraped_at

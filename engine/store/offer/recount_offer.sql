-- Recounts a clinic's stored slots from yesterday on: today has not begun everywhere.
select idexx_sync.recount_slots($1, min(s.date), max(s.date))
from public.schedule_slots s where s.clinic_id = $1 and s.date >= current_date - 1

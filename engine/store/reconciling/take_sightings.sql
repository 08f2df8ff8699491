-- Deletes the second sightings of ids, and returns the row values of each.
with taken as (
    delete from idexx_sync.schedule_second_sightings where clinic_id = $1 and neo_appointment_id = any ($2::text[]) returning *
)
select t.neo_appointment_id, scrape.scraped_at, (t.appointment).*
from taken t join idexx_sync.schedule_date_scrapes scrape using (clinic_id, date)
order by date, t.neo_appointment_id

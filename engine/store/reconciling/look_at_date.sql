-- Makes a scrape the newest applied one of its date, and answers what stands on the date; no row where a newer
-- scrape has been applied. Arrays, because one row is quicker to read than a row for each appointment.
with claimed as (
    insert into schedule_date_scrapes as newest (clinic_id, date, scraped_at, sync_id)
    values ($1, $2, $3, $4)
    on conflict (clinic_id, date) do update set scraped_at = excluded.scraped_at, sync_id = excluded.sync_id
    where (newest.scraped_at, newest.sync_id) <= (excluded.scraped_at, excluded.sync_id)
    returning 1
)
select
    array_agg(neo_appointment_id) as ids,
    array_agg(sync_hash) as hashes,
    array_agg(neo_appointment_id) filter (where missing_since is not null) as missing,
    (select array_agg(neo_appointment_id) from schedule_second_sightings where clinic_id = $1 and date = $2) as sighted
from schedule_appointments
where clinic_id = $1 and date = $2 and deleted_at is null
having exists (select from claimed)

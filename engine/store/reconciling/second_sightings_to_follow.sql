-- Appointments that a sync saw on another date than their row's, if it did not read the row's date and no later
-- scrape did: the newest scrape decides.
select distinct a.id from idexx_sync.schedule_sync_dates d
join idexx_sync.schedule_date_scrapes seen on seen.clinic_id = $1 and seen.date = d.date
join idexx_sync.schedule_second_sightings sighting on sighting.clinic_id = $1 and sighting.date = d.date
join public.schedule_appointments a
    on a.clinic_id = $1 and a.neo_appointment_id = sighting.neo_appointment_id and a.deleted_at is null
left join idexx_sync.schedule_date_scrapes there on there.clinic_id = $1 and there.date = a.date
where d.sync_id = $2 and d.status = 'reconciled' and (there.scraped_at is null or there.scraped_at < seen.scraped_at)
    and not exists (
        select from idexx_sync.schedule_sync_dates o where o.sync_id = $2 and o.date = a.date and o.status = 'reconciled'
    )

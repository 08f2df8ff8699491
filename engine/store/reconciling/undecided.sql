-- Ids that two dates show, both read by the sync: the two dates, and since when both show it.
select a.date, sighting.date as other_date, greatest(a.appeared_at, sighting.appeared_at) as shown_since
from idexx_sync.schedule_second_sightings sighting
join public.schedule_appointments a on a.clinic_id = sighting.clinic_id and a.neo_appointment_id = sighting.neo_appointment_id
    and a.deleted_at is null and a.missing_since is null
join idexx_sync.schedule_sync_dates here on here.sync_id = $2 and here.date = a.date and here.status = 'reconciled'
join idexx_sync.schedule_sync_dates there on there.sync_id = $2 and there.date = sighting.date and there.status = 'reconciled'
where sighting.clinic_id = $1

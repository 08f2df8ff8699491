-- Whether a date shows an id that another date of the sync shows as well, although the sync has read both twice.
select exists (
    select from idexx_sync.schedule_second_sightings sighting
    join public.schedule_appointments a on a.clinic_id = sighting.clinic_id
        and a.neo_appointment_id = sighting.neo_appointment_id and a.deleted_at is null and a.missing_since is null
    join idexx_sync.schedule_sync_dates here on here.sync_id = $2 and here.date = $3 and here.second_look
    join idexx_sync.schedule_sync_dates there on there.sync_id = $2 and there.second_look and there.status = 'reconciled'
    where sighting.clinic_id = $1
        and ((a.date = here.date and sighting.date = there.date) or (a.date = there.date and sighting.date = here.date))
)

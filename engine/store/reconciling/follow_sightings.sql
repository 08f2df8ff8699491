-- Moves appointments to the date that shows them, if there is one (the one where they appeared last).
with shown as materialized (
    select distinct on (a.id) a.id, sighting.date, sighting.appeared_at, scrape.scraped_at, sighting.appointment,
        idexx_sync.appointment_values(a) as before
    from public.schedule_appointments a
    join idexx_sync.schedule_second_sightings sighting using (clinic_id, neo_appointment_id)
    join idexx_sync.schedule_date_scrapes scrape on scrape.clinic_id = a.clinic_id and scrape.date = sighting.date
    where a.clinic_id = $1 and a.id = any ($3::uuid[]) and a.deleted_at is null
    order by a.id, sighting.appeared_at desc, sighting.date desc
), written as (
    update public.schedule_appointments a set
        date = shown.date, start_time = s.start_time, end_time = s.end_time, starts_at = s.starts_at, ends_at = s.ends_at,
        patient_name = s.patient_name, client_name = s.client_name, client_phone = s.client_phone,
        client_phone_raw = s.client_phone_raw, provider_name = s.provider_name, room_id = s.room_id,
        appointment_type = s.appointment_type, status = s.status, notes = s.notes, sync_hash = s.sync_hash,
        last_synced_at = shown.scraped_at, appeared_at = shown.appeared_at, missing_since = null
    from shown cross join lateral (select (shown.appointment).*) s
    where a.id = shown.id
    returning a.id, a.neo_appointment_id, shown.before, idexx_sync.appointment_values(a) as after
), settled as (
    delete from idexx_sync.schedule_second_sightings sighting using written w
    where sighting.clinic_id = $1 and sighting.neo_appointment_id = w.neo_appointment_id
        and sighting.date = (w.after).date
), changes as (
    insert into idexx_sync.schedule_appointment_changes (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, before, after)
    select $1::uuid, $2::uuid, id, neo_appointment_id, 'moved', before, after from written
    returning kind
)
select kind, count(*)::integer as count from changes group by kind

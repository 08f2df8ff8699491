-- Places appointments on the date that are not stored on it: new ones, removed ones that are back, and ones that
-- are on another date. The last follow the place where they appeared last; if that is not this date, or if the
-- date they leave still shows them, the other place is kept as a second sighting.
with incoming as (
    select * from unnest($5::idexx_sync.schedule_seen_appointment[])
), known as materialized (
    select s.neo_appointment_id, coalesce(live.id, removed.id) as id,
        case
            when live.id is null and removed.id is null then 'added'
            when live.id is null then 'restored'
            when live.missing_since is not null
                or (coalesce(sighting.appeared_at, $3::timestamptz), $4::date) > (coalesce(live.appeared_at, '-infinity'), live.date)
                then 'moved'
            else 'elsewhere'
        end as kind,
        coalesce(sighting.appeared_at, $3::timestamptz) as appeared_at,
        live.date as left_date, live.appeared_at as left_appeared_at, live.missing_since as left_missing_since,
        case when live.id is not null then idexx_sync.appointment_values(live)
             when removed.id is not null then idexx_sync.appointment_values(removed) end as before
    from incoming s
    left join public.schedule_appointments live
        on live.clinic_id = $1 and live.neo_appointment_id = s.neo_appointment_id and live.deleted_at is null
    left join lateral (
        select * from public.schedule_appointments a
        where a.clinic_id = $1 and a.neo_appointment_id = s.neo_appointment_id and a.deleted_at is not null
        order by a.deleted_at desc limit 1
    ) removed on live.id is null
    left join idexx_sync.schedule_second_sightings sighting
        on sighting.clinic_id = $1 and sighting.neo_appointment_id = s.neo_appointment_id and sighting.date = $4
), added as (
    insert into public.schedule_appointments (clinic_id, date, neo_appointment_id, start_time, end_time, starts_at, ends_at,
        patient_name, client_name, client_phone, client_phone_raw, provider_name, room_id, appointment_type, status,
        notes, client_email, neo_client_id, neo_patient_id, neo_consultation_id, references_hash, sync_hash, last_synced_at,
        appeared_at)
    select $1, $4::date, neo_appointment_id, s.start_time, s.end_time, s.starts_at, s.ends_at,
        s.patient_name, s.client_name, s.client_phone, s.client_phone_raw, s.provider_name, s.room_id,
        s.appointment_type, s.status, s.notes, s.client_email, s.neo_client_id, s.neo_patient_id, s.neo_consultation_id,
        s.references_hash, s.sync_hash, $3, $3
    from incoming s join known k using (neo_appointment_id) where k.kind = 'added'
    returning schedule_appointments.*
), written as (
    update public.schedule_appointments a set
        date = $4::date, start_time = s.start_time, end_time = s.end_time, starts_at = s.starts_at, ends_at = s.ends_at,
        patient_name = s.patient_name, client_name = s.client_name, client_phone = s.client_phone,
        client_phone_raw = s.client_phone_raw, provider_name = s.provider_name, room_id = s.room_id,
        appointment_type = s.appointment_type, status = s.status, notes = s.notes, sync_hash = s.sync_hash,
        client_email = case when $6 then s.client_email else a.client_email end,
        neo_client_id = case when $6 then s.neo_client_id else a.neo_client_id end,
        neo_patient_id = case when $6 then s.neo_patient_id else a.neo_patient_id end,
        neo_consultation_id = case when $6 then s.neo_consultation_id else a.neo_consultation_id end,
        references_hash = case when $6 then s.references_hash else a.references_hash end,
        last_synced_at = $3, appeared_at = k.appeared_at, missing_since = null, deleted_at = null,
        removal_proof = null, removal_reason = null
    from incoming s join known k using (neo_appointment_id)
    where a.id = k.id and k.kind in ('moved', 'restored')
    returning a.id, a.neo_appointment_id, k.kind, k.before, idexx_sync.appointment_values(a) as after
), sighted_here as (
    insert into idexx_sync.schedule_second_sightings as sighting (clinic_id, neo_appointment_id, date, appeared_at, appointment)
    select $1, neo_appointment_id, $4::date, k.appeared_at, 
        ($4::date, s.start_time, s.end_time, s.starts_at, s.ends_at, s.patient_name, s.client_name, s.client_phone,
            s.client_phone_raw, s.provider_name, s.room_id, s.appointment_type, s.status, s.notes, s.sync_hash
        )::idexx_sync.schedule_appointment_values
    from incoming s join known k using (neo_appointment_id) where k.kind = 'elsewhere'
    on conflict (clinic_id, neo_appointment_id, date) do update set appointment = excluded.appointment
    where sighting.appointment is distinct from excluded.appointment
), still_sighted_there as (
    insert into idexx_sync.schedule_second_sightings (clinic_id, neo_appointment_id, date, appeared_at, appointment)
    select $1, neo_appointment_id, left_date, coalesce(left_appeared_at, '-infinity'), before
    from known where kind = 'moved' and left_missing_since is null
    on conflict (clinic_id, neo_appointment_id, date) do nothing
), settled as (
    delete from idexx_sync.schedule_second_sightings sighting using known k
    where sighting.clinic_id = $1 and sighting.neo_appointment_id = k.neo_appointment_id and sighting.date = $4
        and k.kind = 'moved'
), changes as (
    insert into idexx_sync.schedule_appointment_changes (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, before, after)
    select $1::uuid, $2::uuid, id, neo_appointment_id, kind, before, after from written
    union all
    select $1::uuid, $2::uuid, a.id, a.neo_appointment_id, 'added', null, idexx_sync.appointment_values(a) from added a
    returning kind
)
select kind, count(*)::integer as count from changes group by kind

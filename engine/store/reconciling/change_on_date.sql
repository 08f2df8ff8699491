-- Updates appointments on the date whose values differ. Each is found by the index of its id (which `limit 1`
-- ensures): they are few, and reading the whole date would take longer. $6: whether the scrape has the references
-- of its appointments; filling them in is not a change.
with incoming as (
    select * from unnest($5::idexx_sync.schedule_seen_appointment[])
), written as (
    update public.schedule_appointments a set
        start_time = s.start_time, end_time = s.end_time, starts_at = s.starts_at, ends_at = s.ends_at,
        patient_name = s.patient_name, client_name = s.client_name, client_phone = s.client_phone,
        client_phone_raw = s.client_phone_raw, provider_name = s.provider_name, room_id = s.room_id,
        appointment_type = s.appointment_type, status = s.status, notes = s.notes, sync_hash = s.sync_hash,
        client_email = case when $6 then s.client_email else a.client_email end,
        neo_client_id = case when $6 then s.neo_client_id else a.neo_client_id end,
        neo_patient_id = case when $6 then s.neo_patient_id else a.neo_patient_id end,
        neo_consultation_id = case when $6 then s.neo_consultation_id else a.neo_consultation_id end,
        references_hash = case when $6 then s.references_hash else a.references_hash end,
        last_synced_at = $3, missing_since = null
    from incoming s cross join lateral (
        select o.id, o as row, idexx_sync.appointment_values(o) as before, (o.start_time, o.end_time, o.room_id) as place
        from public.schedule_appointments o
        where o.clinic_id = $1 and o.date = $4 and o.neo_appointment_id = s.neo_appointment_id and o.deleted_at is null
        limit 1
    ) old
    where a.id = old.id
    returning a.id, a.neo_appointment_id, old.before, idexx_sync.appointment_values(a) as after,
        old.place is distinct from (a.start_time, a.end_time, a.room_id) as is_move,
        (old.row).sync_hash is distinct from a.sync_hash or idexx_sync.references_differ(old.row, a) as is_change
), changes as (
    insert into idexx_sync.schedule_appointment_changes (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, before, after)
    select $1::uuid, $2::uuid, id, neo_appointment_id, case when is_move then 'moved' else 'updated' end, before, after from written
    where is_change
    returning kind
)
select kind, count(*)::integer as count from changes group by kind

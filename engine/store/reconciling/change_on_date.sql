-- Writes appointments that stand on the date with other values.
written as (
    update schedule_appointments a set
        start_time = s.start_time, end_time = s.end_time, starts_at = s.starts_at, ends_at = s.ends_at,
        patient_name = s.patient_name, client_name = s.client_name, client_phone = s.client_phone,
        client_phone_raw = s.client_phone_raw, provider_name = s.provider_name, room_id = s.room_id,
        appointment_type = s.appointment_type, status = s.status, notes = s.notes, sync_hash = s.sync_hash,
        last_synced_at = $3, missing_since = null
    from incoming s join schedule_appointments old
        on old.clinic_id = $1 and old.date = $4 and old.neo_appointment_id = s.neo_appointment_id
        and old.deleted_at is null
    where a.id = old.id
    returning a.id, a.neo_appointment_id, appointment_values(old) as before, appointment_values(a) as after,
        (old.start_time, old.end_time, old.room_id) is distinct from (a.start_time, a.end_time, a.room_id) as is_move
), changes as (
    insert into schedule_appointment_changes (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, before, after)
    select $1::uuid, $2::uuid, id, neo_appointment_id, case when is_move then 'moved' else 'updated' end, before, after from written
    returning kind
)
select kind, count(*)::integer as count from changes group by kind

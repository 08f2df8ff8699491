-- Restores what a sync removed or changed, as it was before the sync, unless something newer touched it. A change
-- does not keep the references: if the names differ, they are emptied, and the next sync fills them in.
with first_changes as (
    select distinct on (appointment_id) * from idexx_sync.schedule_appointment_changes
    where clinic_id = $1 and sync_id = $2 and not is_undo
    order by appointment_id, id
), back as materialized (
    select f.appointment_id, a.deleted_at is not null as was_removed, idexx_sync.appointment_values(a) as now, f.before
    from first_changes f join public.schedule_appointments a on a.id = f.appointment_id
    where f.kind in ('updated', 'moved', 'removed')
        and not exists (
            select from idexx_sync.schedule_appointment_changes newer
            where newer.appointment_id = f.appointment_id and newer.id > f.id
                and (newer.is_undo or newer.sync_id <> f.sync_id)
        )
), written as (
    update public.schedule_appointments a set
        date = v.date, start_time = v.start_time, end_time = v.end_time, starts_at = v.starts_at, ends_at = v.ends_at,
        patient_name = v.patient_name, client_name = v.client_name, client_phone = v.client_phone,
        client_phone_raw = v.client_phone_raw, provider_name = v.provider_name, room_id = v.room_id,
        appointment_type = v.appointment_type, status = v.status, notes = v.notes, sync_hash = v.sync_hash,
        client_email = case when same then a.client_email end,
        neo_client_id = case when same then a.neo_client_id end,
        neo_patient_id = case when same then a.neo_patient_id end,
        neo_consultation_id = case when same then a.neo_consultation_id end,
        references_hash = case when same then a.references_hash end,
        deleted_at = null, removal_proof = null, removal_reason = null
    from back b cross join lateral (select (b.before).*) v
    cross join lateral (
        select (v.patient_name, v.client_name) is not distinct from ((b.now).patient_name, (b.now).client_name) as same
    ) person
    where a.id = b.appointment_id
    returning a.id, a.neo_appointment_id, b.now as before, idexx_sync.appointment_values(a) as after,
        case when b.was_removed then 'restored'
             when (a.date, a.start_time, a.end_time, a.room_id)
                is distinct from ((b.now).date, (b.now).start_time, (b.now).end_time, (b.now).room_id) then 'moved'
             else 'updated' end as kind
), changes as (
    insert into idexx_sync.schedule_appointment_changes
        (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, before, after, is_undo)
    select $1::uuid, $2::uuid, id, neo_appointment_id, kind, before, after, true from written
)
select kind, (before).date as left_date, (after).date as date from written

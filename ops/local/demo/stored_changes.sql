select c.slug as clinic, h.kind, coalesce(v.after ->> 'patient_name', v.before ->> 'patient_name') as patient,
    v.before ->> 'date' as old_date, v.before ->> 'start_time' as old_time, v.before ->> 'status' as old_status,
    v.after ->> 'date' as new_date, v.after ->> 'start_time' as new_time, v.after ->> 'status' as new_status,
    -- Which other fields have changed, in words; of a move, its end where its start is the same.
    array(
        select replace(a.key, '_', ' ') from jsonb_each(v.after) a
        where h.kind in ('updated', 'moved') and a.value is distinct from v.before -> a.key
            and (a.key in ('patient_name', 'client_name', 'client_phone', 'provider_name', 'room_id', 'appointment_type', 'notes')
                or a.key = 'end_time' and v.before -> 'date' = v.after -> 'date' and v.before -> 'start_time' = v.after -> 'start_time')
        order by a.key
    ) as fields
from idexx_sync.schedule_appointment_changes h
join idexx_sync.clinic_settings c on c.id = h.clinic_id
cross join lateral (select to_jsonb(h.before) as before, to_jsonb(h.after) as after) v
where h.sync_id = any($1::uuid[])
order by c.slug, h.kind, coalesce(v.after ->> 'date', v.before ->> 'date'), coalesce(v.after ->> 'start_time', v.before ->> 'start_time')

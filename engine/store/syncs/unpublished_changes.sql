-- Ids, dates and times only: no name leaves the database.
select h.id, h.kind, h.sync_id, h.appointment_id, h.neo_appointment_id, h.at, c.slug as clinic,
    case when (h.before).date is not null then jsonb_build_object('date', (h.before).date, 'start_time', (h.before).start_time,
        'end_time', (h.before).end_time, 'room_id', (h.before).room_id, 'status', (h.before).status) end as before,
    case when (h.after).date is not null then jsonb_build_object('date', (h.after).date, 'start_time', (h.after).start_time,
        'end_time', (h.after).end_time, 'room_id', (h.after).room_id, 'status', (h.after).status) end as after
from idexx_sync.schedule_appointment_changes h join idexx_sync.clinic_settings c on c.id = h.clinic_id
where h.clinic_id = $1 and h.published_at is null
order by h.id
limit $2

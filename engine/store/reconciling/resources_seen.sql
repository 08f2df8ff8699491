-- The rooms that a clinic's appointments name, and those that the portal's configuration names.
with seen as (
    select coalesce(room_id, '') as room_id, appointment_type, count(*) as appointments, max(date) as last_date
    from public.schedule_appointments where clinic_id = $1 and deleted_at is null group by 1, 2
), named as (
    select room ->> 'id' as room_id, room ->> 'name' as name
    from idexx_sync.clinic_portal_config c cross join lateral jsonb_array_elements(coalesce(c.rooms, '[]')) room where c.clinic_id = $1
)
select coalesce(s.room_id, n.room_id) as room_id, n.name, coalesce(s.appointments, 0)::integer as appointments,
    s.last_date, coalesce(s.types, '{}') as types
from (
    select room_id, sum(appointments) as appointments, max(last_date) as last_date,
        (array_agg(appointment_type order by appointments desc, appointment_type)
            filter (where appointment_type is not null))[1:$2] as types
    from seen group by room_id
) s full join named n using (room_id)
order by 1

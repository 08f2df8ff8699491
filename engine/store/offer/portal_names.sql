-- The columns that the portal names, or, if they were never read, those of the stored appointments; and the types of
-- both. Null: none is known.
with seen as materialized (
    select distinct a.room_id, a.appointment_type as type from public.schedule_appointments a
    where a.clinic_id = $1 and a.deleted_at is null
), portal as (
    select (select p.rooms from idexx_sync.clinic_portal_config p where p.clinic_id = $1) as rooms,
        (select p.appointment_types from idexx_sync.clinic_portal_config p where p.clinic_id = $1) as types
)
select
    (select case when portal.rooms is not null
        then (select json_agg(json_build_array(room ->> 'id', room ->> 'name') order by n)
            from jsonb_array_elements(portal.rooms) with ordinality r (room, n))
        else (select json_agg(json_build_array(room_id, '') order by room_id)
            from (select distinct room_id from seen where room_id is not null) s)
    end) as columns,
    (select json_agg(json_build_array(name, id) order by name) from (
        select t.part ->> 'name' as name, t.part ->> 'id' as id
        from jsonb_array_elements(coalesce(portal.types, '[]')) t (part)
        union all
        select distinct s.type, '' from seen s
        where s.type <> 'block' and s.type <> all (
            select t.part ->> 'name' from jsonb_array_elements(coalesce(portal.types, '[]')) t (part))
    ) named) as types
from portal

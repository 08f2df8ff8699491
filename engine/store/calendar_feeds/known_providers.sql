-- The ids and names of the providers that the portal lists, or, if they were never read, the names in stored appointments.
select coalesce(
    (select jsonb_agg(jsonb_build_array(p ->> 'id', p ->> 'name')) from idexx_sync.clinic_portal_config c
        cross join jsonb_array_elements(c.providers) p where c.clinic_id = $1 and p ->> 'name' <> ''),
    (select jsonb_agg(jsonb_build_array(null, s.provider_name)) from (
        select distinct a.provider_name from public.schedule_appointments a
        where a.clinic_id = $1 and a.deleted_at is null and a.provider_name <> '') s),
    '[]'
)

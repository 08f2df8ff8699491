-- What a clinic's offer starts from: the length of an appointment, the columns that count, and the names that a request may
-- use. Null names: never read, and no rule has any.
select now() as now, idexx_sync.start_minutes(t, $2, $3) as minutes,
    coalesce((select array_agg(c.id order by c.rank, c.id) from idexx_sync.columns_of(t, null, null) c), '{}') as counting,
    case when t.appointment_types is not null then (
        select coalesce(array_agg(distinct known.name), '{}') from (
            select a ->> 'name' as name from jsonb_array_elements(t.appointment_types) a
            union all
            select r.type from idexx_sync.type_rules r where r.clinic_id = t.clinic_id
        ) known where known.name is not null
    ) end as types,
    case when t.rooms is not null then (
        select coalesce(array_agg(distinct known.id), '{}') from (
            select r ->> 'id' as id from jsonb_array_elements(t.rooms) r
            union all
            select unnest(t.resources)
        ) known where known.id is not null
    ) end as columns,
    (select array_agg(p ->> 'id') from jsonb_array_elements(t.providers) p where p ->> 'id' is not null) as providers
from idexx_sync.offer_terms t
where t.clinic_id = $1

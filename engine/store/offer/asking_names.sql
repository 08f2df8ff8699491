-- The names of a clinic's columns and providers by their ids, and who set each rule: for readers who may see names.
select
    (select json_object_agg(r ->> 'id', r ->> 'name') from jsonb_array_elements(t.rooms) r
        where r ->> 'id' is not null and r ->> 'name' is not null) as columns,
    (select json_object_agg(p ->> 'id', p ->> 'name') from jsonb_array_elements(t.providers) p
        where p ->> 'id' is not null and p ->> 'name' is not null) as providers,
    (select json_object_agg(o.rule, o.set_by) from idexx_sync.rule_origins o where o.clinic_id = t.clinic_id) as set_by
from idexx_sync.offer_terms t
where t.clinic_id = $1

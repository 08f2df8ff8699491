-- What gives the predecessor's objects back.
select definition, case when grants like '%revoke%' then format('select pg_temp.revoke_everything(%L);', name) else '' end
    || grants as grants
from idexx_sync.predecessor_objects
where kind in ('constraint', 'function', 'open', 'option')
order by kind, name

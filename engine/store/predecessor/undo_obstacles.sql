-- What another program would lose or notice: a process of ours, and views, functions, triggers or foreign keys of others
-- that depend on ours.
select format('idexx-sync runs here (process %s on %s)', pid, coalesce(host(client_addr), 'this machine')) as what
from pg_stat_activity
where datname = current_database() and application_name = 'idexx-sync' and pid <> pg_backend_pid()
union all
select distinct format('view %s depends on %s', v.oid::regclass, c.oid::regclass)
from pg_class c
join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.deptype = 'n'
join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
join pg_class v on v.oid = r.ev_class and v.relnamespace <> 'idexx_sync'::regnamespace
where c.relnamespace = 'idexx_sync'::regnamespace
union all
select format('foreign key %s of %s refers to %s', k.conname, k.conrelid::regclass, k.confrelid::regclass)
from pg_constraint k
join pg_class c on c.oid = k.confrelid and c.relnamespace = 'idexx_sync'::regnamespace
join pg_class o on o.oid = k.conrelid and o.relnamespace <> 'idexx_sync'::regnamespace
where k.contype = 'f'

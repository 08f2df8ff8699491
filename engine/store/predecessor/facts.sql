-- What decides whether the tables of `public` can be shared, each as one row: what it is about, and which. Reads
-- catalogs only. $1 the tables, $2 the predecessor's functions.
with tables as (
    select oid, relname::text as name, relowner from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname = any ($1::text[])
), functions as (
    select oid, proname::text as name, proowner from pg_proc
    where pronamespace = 'public'::regnamespace and proname = any ($2::text[]) and prokind = 'f'
)
select 'no_owner' as fact, name as object, null as detail from tables where not pg_has_role(relowner, 'usage')
union all
select 'no_owner', name, null from functions where not pg_has_role(proowner, 'usage')
union all
select 'no_schema', current_database(), null
where to_regnamespace('idexx_sync') is null and not has_database_privilege(current_database(), 'create')
union all
select 'no_objects', 'public', null where not has_schema_privilege('public', 'create')
union all
-- A function whose columns change is dropped and made again.
select 'depends', f.name, coalesce(v.oid::regclass::text, d.objid::regprocedure::text)
from functions f
join pg_depend d on d.refclassid = 'pg_proc'::regclass and d.refobjid = f.oid and d.deptype = 'n'
left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
left join pg_class v on v.oid = r.ev_class
where f.name = any ($3::text[]) and (v.oid is not null or d.classid = 'pg_proc'::regclass)
union all
-- As is a table of ours that moves into one of the predecessor's.
select distinct 'depends', c.relname::text, v.oid::regclass::text
from pg_class c
join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.deptype = 'n'
join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
join pg_class v on v.oid = r.ev_class and v.oid <> c.oid
where $4 and c.relnamespace = 'public'::regnamespace and c.relname = 'clinic_schedule_config'
union all
select 'running', coalesce(host(client_addr), 'this machine'), 'process ' || pid || ' since ' || date_trunc('second', backend_start)
from pg_stat_activity
where $4 and datname = current_database() and application_name = 'idexx-sync' and pid <> pg_backend_pid()
union all
-- What an insert of ours must obey and cannot be tried out.
select 'excludes', t.name || '.' || c.conname, pg_get_constraintdef(c.oid) from tables t
join pg_constraint c on c.conrelid = t.oid and c.contype = 'x'
where t.name in ('schedule_slots', 'schedule_appointments', 'schedule_syncs')
union all
select 'excludes', t.name || '.' || i.indexrelid::regclass::text, regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '')
from tables t join pg_index i on i.indrelid = t.oid and i.indisunique and not i.indisprimary
where t.name in ('schedule_slots', 'schedule_appointments', 'schedule_syncs') and not $4
    -- Ours, where the database was migrated before.
    and not exists (select from pg_class x where x.oid = i.indexrelid and x.relname = 'schedule_syncs_request')
    and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype = 'x')
    and (
        select array_agg(a.attname::text order by a.attname) from pg_attribute a
        where a.attrelid = i.indrelid and a.attnum = any (i.indkey::int2[])
    ) <> case t.name when 'schedule_slots' then '{clinic_id,date,start_time}' else '{clinic_id,neo_appointment_id}' end::text[]
order by 1, 2, 3

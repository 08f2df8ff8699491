-- $1 the predecessor's tables, $2 the names of its functions. Names are cast, since one of type `name` is cut off after 63
-- characters.
insert into idexx_sync.predecessor_objects (kind, table_name, name, definition, grants)
select 'columns', c.relname::text, c.relname::text, string_agg(a.attname, ',' order by a.attnum), ''
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relname = any ($1::text[])
group by c.relname
union all
select 'constraint', t.relname::text, format('%I.%I', t.relname, c.conname),
    format('alter table public.%I add constraint %I %s', t.relname, c.conname, pg_get_constraintdef(c.oid)), ''
from pg_constraint c
join pg_class t on t.oid = c.conrelid and t.relname = 'schedule_syncs' and t.relnamespace = 'public'::regnamespace
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1] and a.attname = 'status'
where c.contype = 'c' and cardinality(c.conkey) = 1
union all
select 'index', c.relname::text, x.relname::text, pg_get_indexdef(x.oid), ''
from pg_index i join pg_class x on x.oid = i.indexrelid
join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace and c.relname = any ($1::text[])
union all
select 'option', c.relname::text, c.relname || '.fillfactor',
    format('alter table public.%I set (%s)', c.relname, o), ''
from pg_class c cross join unnest(c.reloptions) o
where c.relnamespace = 'public'::regnamespace and c.relname = any ($1::text[]) and o like 'fillfactor=%'
union all
select 'open', c.relname::text, c.relname::text, format('alter table public.%I disable row level security', c.relname), ''
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relname = any ($1::text[]) and not c.relrowsecurity
union all
select 'function', null, f.oid::regprocedure::text, pg_get_functiondef(f.oid),
    format('alter function %s owner to %I;', f.oid::regprocedure, pg_get_userbyid(f.proowner))
    || case when f.proacl is null then '' else format('revoke all on function %s from public;', f.oid::regprocedure) end
    || coalesce((
        select string_agg(format('grant execute on function %s to %s;', f.oid::regprocedure,
            case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end), '')
        from aclexplode(f.proacl) g where g.grantee <> f.proowner
    ), '')
from pg_proc f
where f.pronamespace = 'public'::regnamespace and f.proname = any ($2::text[]) and f.prokind = 'f'

-- The statements that remove what is ours in `public`. $1 the predecessor's tables, $2 its functions, $3 the columns of
-- each table as the migrations leave them, as JSON. A table that the predecessor had not goes if it is empty.
with had as (
    select table_name, string_to_array(definition, ',') as columns from idexx_sync.predecessor_objects where kind = 'columns'
), wanted as (
    select t.key as table_name, c.name from jsonb_each($3::jsonb) t cross join jsonb_array_elements_text(t.value) c (name)
)
-- Deferred triggers still have to run: a table with pending ones cannot be dropped.
select 0 as place, 'set constraints all immediate' as statement
union all
select 1, format('drop function %s', oid::regprocedure) from pg_proc
where pronamespace = 'public'::regnamespace and proname = any ($2::text[]) and prokind = 'f'
union all
select 2, 'drop schema idexx_sync cascade'
union all
select 3, format('alter table public.%I drop column if exists %I', w.table_name, w.name)
from wanted w join had h using (table_name) where w.name <> all (h.columns)
union all
select 4, format('drop index %s', i.indexrelid::regclass) from pg_index i
join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace and c.relname = any ($1::text[])
join pg_class x on x.oid = i.indexrelid and x.relname in ('schedule_syncs_latest', 'schedule_syncs_live',
    'schedule_appointments_neo', 'schedule_appointments_date', 'schedule_appointments_deleted',
    'vapi_bookings_clinic_day')
where not exists (select from idexx_sync.predecessor_objects o where o.kind = 'index' and o.name = x.relname)
union all
select 4, 'drop index if exists public.clinics_slug'
where not exists (select from idexx_sync.predecessor_objects o where o.kind = 'index' and o.name = 'clinics_slug')
union all
select 5, 'alter table public.schedule_appointments reset (fillfactor)'
union all
select 6, format('do $do$ begin if not exists (select from public.%1$I) then drop table public.%1$I; end if; end $do$', t)
from unnest($1::text[]) t where t not in (select table_name from had)
order by 1, 2

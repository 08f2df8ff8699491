-- The tables of $1 on which row-level security is off.
select c.relname::text as table_name, format('alter table public.%I enable row level security', c.relname) as enabling
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname = any ($1::text[])
    and not c.relrowsecurity
order by 1

-- The check constraints of the tables that a sync writes, but those on the status of a sync, which are set aside.
select c.oid, t.relname::text as table_name, c.conname::text as name,
    pg_get_constraintdef(c.oid) as definition,
    -- Whether rows, given as JSON, fit.
    format('select bool_and(coalesce((%s), true)) from jsonb_populate_recordset(null::public.%I, $1::jsonb)',
        pg_get_expr(c.conbin, c.conrelid), t.relname) as trial
from pg_constraint c
join pg_class t on t.oid = c.conrelid and t.relnamespace = 'public'::regnamespace
    and t.relname in ('schedule_slots', 'schedule_appointments', 'schedule_syncs')
where c.contype = 'c' and not (
    t.relname = 'schedule_syncs' and c.conkey = array[
        (select attnum from pg_attribute where attrelid = t.oid and attname = 'status')
    ]
)
order by 2, 3

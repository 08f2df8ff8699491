-- What else happens to a predecessor's database. $1 the predecessor's functions.
select 'schedule_syncs' as object, 'set aside the constraint ' || c.conname as action, false as is_function
from pg_constraint c
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1] and a.attname = 'status'
where c.conrelid = to_regclass('public.schedule_syncs') and c.contype = 'c' and cardinality(c.conkey) = 1
union all
select 'schedule_syncs', 'close the syncs that are in progress, as failed', false
union all
select t, 'fill in starts_at and ends_at from the clinic''s zone', false
from unnest(array['schedule_slots', 'schedule_appointments']) t
union all
select 'function ' || f.oid::regprocedure::text,
    -- 0023 leaves these two as they are, the second unless it runs with its owner's rights.
    case when f.proname = 'generate_confirmation_number' or (f.proname = 'get_active_sync_count' and not f.prosecdef)
        then 'keep its body, and set its rights' else 'put ours in its place, and keep it for --undo' end,
    true
from pg_proc f
where f.pronamespace = 'public'::regnamespace and f.proname = any ($1::text[]) and f.prokind = 'f'
order by 3, 1, 2

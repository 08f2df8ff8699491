-- Older tables of the same names may refer to each other without saying what a removal does. Then no slot that a
-- removed appointment points at could go, which kept syncs from ending, and no clinic could be removed.
do $$
declare
    k record;
begin
    for k in
        select c.conname, c.conrelid::regclass as child, c.confrelid::regclass as parent, a.attname as child_column,
            b.attname as parent_column,
            case when c.confrelid = 'schedule_slots'::regclass then 'set null' else 'cascade' end as action
        from pg_constraint c
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        join pg_attribute b on b.attrelid = c.confrelid and b.attnum = c.confkey[1]
        where c.contype = 'f' and c.confdeltype in ('a', 'r') and cardinality(c.conkey) = 1
            and c.confrelid in ('clinics'::regclass, 'schedule_slots'::regclass, 'schedule_syncs'::regclass)
            and c.conrelid in ('schedule_syncs'::regclass, 'schedule_slots'::regclass, 'schedule_appointments'::regclass,
                'clinic_schedule_config'::regclass, 'clinic_blocked_periods'::regclass, 'idexx_credentials'::regclass)
    loop
        -- Not valid: the rows that are there were checked by the old one, and need not be read again.
        execute format('alter table %s drop constraint %I, add constraint %I foreign key (%I) references %s (%I) '
            'on delete %s not valid',
            k.child, k.conname, k.conname, k.child_column, k.parent, k.parent_column, k.action);
    end loop;
end $$;

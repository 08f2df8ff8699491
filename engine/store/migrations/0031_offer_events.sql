-- Changes of what clinics offer, for idexx.evt.offer.<clinic>.<kind>. Writers mark the days that they touch; at the end of
-- their transaction, each marked day is compared with the offer that was stored for it.

-- The offer of each date that a sync has read, as it was last compared: starts of the default length in any column that
-- counts, whatever their age and the time of day. Its row is locked while the date is compared.
create table if not exists idexx_sync.offered_days (
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    date date not null,
    starts timestamptz[] not null,
    column_counts integer[] not null check (cardinality(column_counts) = cardinality(starts)),
    -- When every start of it was compared last.
    compared_at timestamptz not null,
    primary key (clinic_id, date)
);

-- Dates that have to be compared, and why. A mark lives as long as its transaction, unless another one compared the date
-- at the same time: then a gateway compares it again.
create table if not exists idexx_sync.offer_marks (
    id bigint generated always as identity primary key,
    -- No foreign key: a mark of a clinic that goes does no harm.
    clinic_id uuid not null,
    first_date date not null,
    last_date date not null,
    -- The starts that it can change, clinic-local; null: each of its dates.
    reach tsrange,
    cause text not null check (cause in ('sync', 'rule', 'booking', 'hold')),
    sync_id uuid,
    booking_id uuid,
    rule text,
    -- Dates without a stored offer get one. What is offered there is no change: the first read of a date sends nothing.
    is_first_look boolean not null default false,
    -- The transaction that will compare it; null: a gateway will.
    transaction xid8 default pg_current_xact_id(),
    marked_at timestamptz not null default clock_timestamp()
);
create index if not exists offer_marks_clinic on idexx_sync.offer_marks (clinic_id);

-- What is published: no personal data.
create table if not exists idexx_sync.offer_changes (
    id bigint generated always as identity primary key,
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    kind text not null check (kind in ('opened', 'closed', 'changed')),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    -- Clinic-local.
    date date not null,
    start_time time not null,
    column_count integer not null,
    column_count_before integer not null,
    cause text not null,
    sync_id uuid,
    booking_id uuid,
    rule text,
    at timestamptz not null default clock_timestamp(),
    published_at timestamptz
);
create index if not exists offer_changes_unpublished on idexx_sync.offer_changes (clinic_id, id) where published_at is null;

do $$
declare
    t text;
begin
    foreach t in array array['offered_days', 'offer_marks', 'offer_changes'] loop
        execute format('alter table idexx_sync.%I enable row level security', t);
    end loop;
end $$;

-- Compares the marked dates of a clinic with what is stored, records the changes, and removes the marks that are done.
-- Age, notice, horizon and the time of day change nothing. Dates that another transaction is comparing keep their marks, so
-- that no transaction waits.
create or replace function idexx_sync.compare_offer(p_clinic_id uuid) returns void language plpgsql volatile as $$
declare
    t idexx_sync.offer_terms;
    v_now constant timestamptz := clock_timestamp();
    v_zone text;
    v_today date;
    v_marks bigint[];
    v_known date[];
    v_days date[];
    v_starts timestamptz[];
begin
    select array_agg(m.id) into v_marks from (
        select id from idexx_sync.offer_marks where clinic_id = p_clinic_id order by id for update skip locked
    ) m;
    select * into t from idexx_sync.offer_terms x where x.clinic_id = p_clinic_id;
    if v_marks is null or t.clinic_id is null then
        delete from idexx_sync.offer_marks where id = any (v_marks);
        return;
    end if;
    v_zone := coalesce(t.timezone, 'UTC');
    v_today := (v_now at time zone v_zone)::date;

    select array_agg(d.date) into v_known from (
        select d.date from idexx_sync.offered_days d
        where d.clinic_id = p_clinic_id and d.date >= v_today and exists (
            select from idexx_sync.offer_marks m where m.id = any (v_marks) and d.date between m.first_date and m.last_date
        )
        order by d.date for update skip locked
    ) d;
    select array_agg(d.date) into v_days from (
        select unnest(v_known) as date
        union all
        select s.date from idexx_sync.schedule_date_scrapes s
        where s.clinic_id = p_clinic_id and s.date >= v_today
            and exists (
                select from idexx_sync.offer_marks m
                where m.id = any (v_marks) and m.is_first_look and s.date between m.first_date and m.last_date
            )
            and not exists (
                select from idexx_sync.offered_days o where o.clinic_id = p_clinic_id and o.date = s.date
            )
    ) d;

    if v_days is not null then
        -- The starts that a mark reaches: those that are offered now are of the grid; the others were offered before.
        select array_agg(x.at order by x.at) into v_starts from (
            select g.at
            from (select min(day) as first, max(day) as last from unnest(v_days) day) d
            cross join lateral unnest(idexx_sync.grid_starts(
                t, d.first::timestamp at time zone v_zone, (d.last + 1)::timestamp at time zone v_zone)) g (at)
            where (g.at at time zone v_zone)::date = any (v_days)
            union
            select unnest(o.starts) from idexx_sync.offered_days o where o.clinic_id = p_clinic_id and o.date = any (v_known)
        ) x
        where exists (
            select from idexx_sync.offer_marks m where m.id = any (v_marks) and coalesce(m.reach @> x.at at time zone v_zone,
                (x.at at time zone v_zone)::date between m.first_date and m.last_date)
        );
        with before as materialized (
            select o.date, x.starts_at, x.column_count from idexx_sync.offered_days o
            cross join unnest(o.starts, o.column_counts) x (starts_at, column_count)
            where o.clinic_id = p_clinic_id and o.date = any (v_known)
        ), judged as materialized (
            select j.starts_at, j.ends_at, j.date, j.start_time, coalesce(s.column_count, 0) as column_count_before,
                case when j.denied <@ '{stale,past,notice,horizon}' then j.column_count else 0 end as column_count,
                j.denied && '{past,notice,horizon}' as is_out_of_time
            from idexx_sync.judged_starts(p_clinic_id, v_starts, (
                select array_agg(x.at + idexx_sync.start_minutes(t, null, null) * interval '1 minute' order by x.at)
                from unnest(v_starts) x (at)
            ), null, null, null, v_now) j
            left join before s on s.starts_at = j.starts_at
        ), offered as (
            select j.date, j.starts_at, j.column_count from judged j where j.column_count > 0
            union all
            select b.date, b.starts_at, b.column_count from before b where b.starts_at <> all (coalesce(v_starts, '{}'))
        ), stored as (
            insert into idexx_sync.offered_days as o (clinic_id, date, starts, column_counts, compared_at)
            select p_clinic_id, d.day, coalesce(array_agg(f.starts_at order by f.starts_at) filter (where f.date is not null), '{}'),
                coalesce(array_agg(f.column_count order by f.starts_at) filter (where f.date is not null), '{}'), v_now
            from unnest(v_days) d (day) left join offered f on f.date = d.day group by d.day
            on conflict (clinic_id, date) do update
            set starts = excluded.starts, column_counts = excluded.column_counts,
                compared_at = case when exists (
                    select from idexx_sync.offer_marks m where m.id = any (v_marks) and m.reach is null
                        and o.date between m.first_date and m.last_date
                ) then excluded.compared_at else o.compared_at end
        )
        insert into idexx_sync.offer_changes (
            clinic_id, kind, starts_at, ends_at, date, start_time, column_count, column_count_before, cause, sync_id, booking_id, rule
        )
        select p_clinic_id, case when j.column_count = 0 then 'closed' when j.column_count_before = 0 then 'opened' else 'changed' end,
            j.starts_at, j.ends_at, j.date, j.start_time, j.column_count, j.column_count_before,
            m.cause, m.sync_id, m.booking_id, m.rule
        from judged j
        cross join lateral (
            -- Of several causes, one that reaches the start; a sync before the bookings that it has moved.
            select m.* from idexx_sync.offer_marks m
            where m.id = any (v_marks)
            order by coalesce(m.reach @> (j.date + j.start_time), j.date between m.first_date and m.last_date) desc,
                array_position('{sync,rule,booking,hold}', m.cause), m.id desc
            limit 1
        ) m
        where (j.date = any (v_known) or j.column_count_before > 0) and j.column_count <> j.column_count_before and not j.is_out_of_time
        order by j.starts_at;
    end if;

    -- What is done; a mark of dates that another transaction was comparing is reduced to them.
    update idexx_sync.offer_marks m set first_date = l.first, last_date = l.last
    from (
        select x.id, min(d.date) as first, max(d.date) as last
        from idexx_sync.offer_marks x
        join idexx_sync.offered_days d on d.clinic_id = p_clinic_id and d.date between x.first_date and x.last_date
            and d.date >= v_today and d.date <> all (coalesce(v_days, '{}'))
        where x.id = any (v_marks) group by x.id
    ) l
    where m.id = l.id;
    delete from idexx_sync.offer_marks m where m.id = any (v_marks) and not exists (
        select from idexx_sync.offered_days d
        where d.clinic_id = p_clinic_id and d.date between m.first_date and m.last_date and d.date >= v_today
            and d.date <> all (coalesce(v_days, '{}'))
    );
end $$;

-- Compares at the end of a transaction what it has marked. A comparison that fails does not fail the transaction: its
-- marks stay, and a gateway compares again, and reports the error.
create or replace function idexx_sync.compare_marked_offers() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_clinic_id uuid;
begin
    if not exists (
        select from idexx_sync.offer_marks m where m.id = new.id and m.transaction = pg_current_xact_id()
    ) then
        return null;
    end if;
    for v_clinic_id in
        select distinct m.clinic_id from idexx_sync.offer_marks m where m.transaction = pg_current_xact_id() order by 1
    loop
        begin
            perform idexx_sync.compare_offer(v_clinic_id);
        exception when others then
            raise warning 'the offer of clinic % was not compared: % (%)', v_clinic_id, sqlerrm, sqlstate;
        end;
        update idexx_sync.offer_marks set transaction = null
        where clinic_id = v_clinic_id and transaction = pg_current_xact_id();
    end loop;
    return null;
end $$;
drop trigger if exists compare_marked_offers on idexx_sync.offer_marks;
create constraint trigger compare_marked_offers after insert on idexx_sync.offer_marks
    deferrable initially deferred for each row execute function idexx_sync.compare_marked_offers();

-- Marks the dates on which bookings, or holds that have ended, can change a start.
create or replace function idexx_sync.mark_bookings(
    p_cause text, p_clinic_ids uuid[], p_booking_ids uuid[], p_starts timestamp[]
) returns void language plpgsql volatile as $$
begin
    insert into idexx_sync.offer_marks (clinic_id, first_date, last_date, reach, cause, booking_id)
    -- The end of a hold is found by the time of the last whole comparison, so it needs one.
    select b.clinic_id, lower(r.reach)::date, upper(r.reach)::date, case when p_cause <> 'hold' then r.reach end, p_cause, b.id
    from unnest(p_clinic_ids, p_booking_ids, p_starts) b (clinic_id, id, starts)
    join idexx_sync.offer_terms t on t.clinic_id = b.clinic_id
    cross join lateral (
        select idexx_sync.start_minutes(t, null, null) * interval '1 minute' as length
    ) l
    cross join lateral (
        select tsrange(b.starts - l.length, b.starts + greatest(l.length, t.slot_minutes * interval '1 minute')) as reach
    ) r
    order by b.id, b.starts;
end $$;

create or replace function idexx_sync.mark_written_bookings() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'UPDATE' then
        perform idexx_sync.mark_bookings('booking', array_agg(p.clinic_id), array_agg(p.id), array_agg(p.starts))
        from before b join after a using (id)
        cross join lateral (
            select a.clinic_id, a.id, a.date + a.start_time as starts
            union
            select b.clinic_id, b.id, b.date + b.start_time
        ) p
        where (a.clinic_id, a.date, a.start_time, a.slot_id, a.status, a.hold_expires_at)
            is distinct from (b.clinic_id, b.date, b.start_time, b.slot_id, b.status, b.hold_expires_at);
    else
        perform idexx_sync.mark_bookings('booking', array_agg(w.clinic_id), array_agg(w.id), array_agg(w.date + w.start_time))
        from written w;
    end if;
    return null;
end $$;
create or replace trigger idexx_sync_mark_inserted after insert on public.vapi_bookings
    referencing new table as written for each statement execute function idexx_sync.mark_written_bookings();
create or replace trigger idexx_sync_mark_updated after update on public.vapi_bookings
    referencing old table as before new table as after for each statement
    execute function idexx_sync.mark_written_bookings();
create or replace trigger idexx_sync_mark_deleted after delete on public.vapi_bookings
    referencing old table as written for each statement execute function idexx_sync.mark_written_bookings();

-- A booking that the portal shows, or that a person has settled, takes no place of its own any more.
create or replace function idexx_sync.mark_matched_bookings() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform idexx_sync.mark_bookings('booking', array_agg(w.clinic_id), array_agg(w.booking_id), array_agg(w.starts))
    from written w;
    return null;
end $$;
create or replace trigger mark_matched_bookings after insert on idexx_sync.booking_matches
    referencing new table as written for each statement execute function idexx_sync.mark_matched_bookings();

-- Appointments that a sync, an approval of its removals or its undo has changed. One that lasts past midnight takes time of
-- later dates, and a start before midnight may need time of the next one.
create or replace function idexx_sync.mark_changed_appointments() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into idexx_sync.offer_marks (clinic_id, first_date, last_date, cause, sync_id)
    select w.clinic_id, least(min((w.before).date), min((w.after).date)) - 1,
        greatest(max((w.before).date), max((w.after).date), max((w.before).ends_at)::date, max((w.after).ends_at)::date) + 1,
        'sync', w.sync_id
    from written w group by w.clinic_id, w.sync_id;
    return null;
end $$;
create or replace trigger mark_changed_appointments after insert on idexx_sync.schedule_appointment_changes
    referencing new table as written for each statement execute function idexx_sync.mark_changed_appointments();

-- The end of a sync: what it has read for the first time is stored, and opening hours or columns that it has read may
-- change every date.
create or replace function idexx_sync.mark_ended_sync() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into idexx_sync.offer_marks (clinic_id, first_date, last_date, cause, sync_id, is_first_look)
    values (new.clinic_id, '-infinity', 'infinity', 'sync', new.id, true);
    return null;
end $$;
create or replace trigger idexx_sync_mark_ended after update of status on public.schedule_syncs for each row
    when (new.status in ('completed', 'failed', 'cancelled', 'timed_out') and old.status is distinct from new.status
        and not new.dry_run)
    execute function idexx_sync.mark_ended_sync();

-- Rules that a person, or another program, has set: every date. The argument names what was set. A configuration that came
-- from the portal is the sync's.
create or replace function idexx_sync.mark_rule() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_row constant jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
    v_clinic_id constant uuid := coalesce(v_row ->> 'clinic_id', v_row ->> 'id');
begin
    insert into idexx_sync.offer_marks (clinic_id, first_date, last_date, cause, rule)
    select v_clinic_id, '-infinity', 'infinity', 'rule', tg_argv[0]
    where not coalesce((v_row ->> 'from_portal')::boolean, false)
        and exists (select from public.clinics c where c.id = v_clinic_id)
        and not exists (
            select from idexx_sync.offer_marks m
            where m.clinic_id = v_clinic_id and m.transaction = pg_current_xact_id() and m.rule = tg_argv[0]
        );
    return null;
end $$;
do $$
declare
    r record;
begin
    for r in
        select * from (values
            ('idexx_sync.clinic_rules', 'settings'), ('idexx_sync.bookable_windows', 'bookable_windows'),
            ('idexx_sync.recurring_blocks', 'recurring_blocks'), ('idexx_sync.closed_days', 'closed_days'),
            ('idexx_sync.type_rules', 'type_rules'), ('public.clinic_blocked_periods', 'recurring_blocks'),
            ('public.clinic_schedule_config', 'settings')
        ) ours (written, rule)
    loop
        execute format('create or replace trigger idexx_sync_mark_rule after insert or update or delete on %s '
            'for each row execute function idexx_sync.mark_rule(%L)', r.written, r.rule);
    end loop;
end $$;
create or replace trigger idexx_sync_mark_columns after update of resources on public.clinics for each row
    when (old.resources is distinct from new.resources) execute function idexx_sync.mark_rule('columns');
create or replace trigger idexx_sync_mark_zone after update of timezone on public.clinics for each row
    when (old.timezone is distinct from new.timezone) execute function idexx_sync.mark_rule('time_zone');

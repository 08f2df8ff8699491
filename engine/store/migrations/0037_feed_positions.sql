-- Positions of a clinic's changes: 1, 2, 3 … without a gap, in each of its two feeds. A consumer that knows the position up
-- to which it has applied the changes finds out what it has missed, and what it gets twice.

-- The ids of the changes do not serve: they are taken before the commit, so that a smaller one can appear after a greater
-- one, and a transaction that is rolled back leaves a gap. So positions are given after the commit, and committed before a
-- change is published.
create table if not exists idexx_sync.feeds (
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    -- As in the subjects of its events.
    feed text not null check (feed in ('appointment', 'offer')),
    -- Names the numbering. Whoever puts an older state of the database back changes it (docs/consuming.md).
    feed_id uuid not null default gen_random_uuid(),
    -- The last one given. The row is locked while positions are given.
    position bigint not null default 0,
    primary key (clinic_id, feed)
);
alter table idexx_sync.feeds enable row level security;

-- Null: not given yet. 0: recorded before there were positions; no snapshot of a feed is older.
alter table idexx_sync.schedule_appointment_changes add column if not exists position bigint default 0;
alter table idexx_sync.schedule_appointment_changes alter column position drop default;
alter table idexx_sync.offer_changes add column if not exists position bigint default 0;
alter table idexx_sync.offer_changes alter column position drop default;
create index if not exists schedule_appointment_changes_position
    on idexx_sync.schedule_appointment_changes (clinic_id, position);
create index if not exists offer_changes_position on idexx_sync.offer_changes (clinic_id, position);

-- Gives positions to the changes of a clinic that have been committed without one. The transaction must not last: the next
-- one that gives positions to this clinic's changes waits for it.
create or replace function idexx_sync.number_changes(p_clinic_id uuid) returns void language plpgsql volatile as $$
declare
    v_position bigint;
begin
    insert into idexx_sync.feeds (clinic_id, feed)
    select c.id, f.feed from public.clinics c cross join (values ('appointment'), ('offer')) f (feed)
    where c.id = p_clinic_id and not exists (
        select from idexx_sync.feeds x where x.clinic_id = c.id and x.feed = f.feed
    )
    on conflict do nothing;

    if exists (select from idexx_sync.schedule_appointment_changes c where c.clinic_id = p_clinic_id and c.position is null) then
        -- A statement of its own: the next one reads what was committed before the lock.
        select f.position into v_position from idexx_sync.feeds f
        where f.clinic_id = p_clinic_id and f.feed = 'appointment' for update;
        with numbered as (
            update idexx_sync.schedule_appointment_changes c set position = v_position + n.number
            from (
                select u.id, row_number() over (order by u.id) as number from idexx_sync.schedule_appointment_changes u
                where u.clinic_id = p_clinic_id and u.position is null
            ) n
            where c.id = n.id
            returning c.position
        )
        update idexx_sync.feeds f set position = l.position
        from (select max(n.position) as position from numbered n) l
        where f.clinic_id = p_clinic_id and f.feed = 'appointment' and l.position is not null;
    end if;

    if exists (select from idexx_sync.offer_changes c where c.clinic_id = p_clinic_id and c.position is null) then
        select f.position into v_position from idexx_sync.feeds f
        where f.clinic_id = p_clinic_id and f.feed = 'offer' for update;
        with numbered as (
            update idexx_sync.offer_changes c set position = v_position + n.number
            from (
                select u.id, row_number() over (order by u.id) as number from idexx_sync.offer_changes u
                where u.clinic_id = p_clinic_id and u.position is null
            ) n
            where c.id = n.id
            returning c.position
        )
        update idexx_sync.feeds f set position = l.position
        from (select max(n.position) as position from numbered n) l
        where f.clinic_id = p_clinic_id and f.feed = 'offer' and l.position is not null;
    end if;
end $$;
revoke execute on function idexx_sync.number_changes(uuid) from public;

-- The changes of both feeds as they are published: ids, dates and times only, no name leaves the database.
create or replace view idexx_sync.appointment_feed with (security_invoker = true) as
select h.id, h.clinic_id, h.published_at, f.feed_id, h.position, h.kind, c.slug as clinic, h.sync_id, h.appointment_id,
    h.neo_appointment_id, h.at,
    case when (h.before).date is not null then jsonb_build_object('date', (h.before).date, 'start_time', (h.before).start_time,
        'end_time', (h.before).end_time, 'room_id', (h.before).room_id, 'status', (h.before).status) end as before,
    case when (h.after).date is not null then jsonb_build_object('date', (h.after).date, 'start_time', (h.after).start_time,
        'end_time', (h.after).end_time, 'room_id', (h.after).room_id, 'status', (h.after).status) end as after
from idexx_sync.schedule_appointment_changes h
join idexx_sync.clinic_settings c on c.id = h.clinic_id
left join idexx_sync.feeds f on f.clinic_id = h.clinic_id and f.feed = 'appointment';

create or replace view idexx_sync.offer_feed with (security_invoker = true) as
select o.id, o.clinic_id, o.published_at, f.feed_id, o.position, o.kind, c.slug as clinic, o.starts_at, o.ends_at, o.date,
    o.start_time, o.column_count, o.column_count_before, o.cause, o.sync_id, o.booking_id, o.rule, o.at
from idexx_sync.offer_changes o
join idexx_sync.clinic_settings c on c.id = o.clinic_id
left join idexx_sync.feeds f on f.clinic_id = o.clinic_id and f.feed = 'offer';

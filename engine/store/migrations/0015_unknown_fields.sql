-- The names of fields that a clinic's records carry and that no table of ours knows: a new one is noticed once. Names
-- only, never values.
create table if not exists clinic_unknown_fields (
    clinic_id uuid not null references clinics (id) on delete cascade,
    name text not null,
    first_seen_at timestamptz not null default now(),
    primary key (clinic_id, name)
);
alter table clinic_unknown_fields enable row level security;
drop policy if exists of_own_clinic on clinic_unknown_fields;
create policy of_own_clinic on clinic_unknown_fields for select
    using (clinic_id in (select clinics_of_role(current_user)));

-- How many appointments and blocks take each slot, in clinic-local time. An appointment without length takes the
-- slot in which it starts. Rooms that do not count for the clinic take no slot. A block without a room is meant for the
-- whole clinic, and takes every place.
create or replace function schedule_slot_bookings(p_clinic_id uuid, p_start_date date, p_end_date date)
returns table (slot_id uuid, bookings integer) language sql stable as $$
    with taken as materialized (
        select a.date, a.date + a.start_time as starts,
            greatest(a.date + a.end_time + case when a.end_time < a.start_time then interval '1 day' else interval '0' end,
                a.date + a.start_time + interval '1 second') as ends,
            a.room_id is null and a.appointment_type is not distinct from 'block' as takes_all
        from schedule_appointments a join clinics c on c.id = a.clinic_id
        where a.clinic_id = p_clinic_id and a.deleted_at is null
            and a.date between p_start_date - 1 and p_end_date
            and a.status not in ('cancelled', 'no_show')
            and (c.resources is null or a.room_id is null or a.room_id = any (c.resources))
    ), bounds as materialized (
        select s.id, s.date, s.capacity, s.date + s.start_time as starts,
            s.date + s.end_time + case when s.end_time <= s.start_time then interval '1 day' else interval '0' end as ends
        from schedule_slots s
        where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date
    ), overlapping as materialized (
        -- Materialized, since a sync counts rows that it has just written, which the planner believes to be few.
        select b.id, t.takes_all from bounds b join taken t on t.date = b.date and t.starts < b.ends and t.ends > b.starts
        union all
        select b.id, t.takes_all from bounds b join taken t on t.date = b.date - 1 and t.ends > b.starts
    )
    select b.id,
        case when bool_or(o.takes_all) then greatest(count(o.id), b.capacity) else count(o.id) end::integer
    from bounds b left join overlapping o on o.id = b.id group by b.id, b.capacity
$$;

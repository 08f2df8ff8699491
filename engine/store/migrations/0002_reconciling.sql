-- What reconciling needs beside the tables of the interface, and the functions that people's programs call.
-- See engine/store/reconciling/__init__.py for how the columns are used.

-- The first scrape that showed the appointment on its date.
alter table schedule_appointments add column if not exists appeared_at timestamptz;
-- The first scrape of its date that no longer showed it; null while the newest one shows it.
alter table schedule_appointments add column if not exists missing_since timestamptz;
create index if not exists schedule_appointments_missing on schedule_appointments (clinic_id, date)
    where missing_since is not null and deleted_at is null;

update schedule_appointments a set
    starts_at = (a.date + a.start_time) at time zone c.timezone,
    ends_at = (a.date + a.end_time + case when a.end_time < a.start_time then interval '1 day' else interval '0' end)
        at time zone c.timezone
from clinics c where c.id = a.clinic_id and (a.starts_at is null or a.ends_at is null);

-- An appointment that the newest scrape of a date shows although its row stands on another date.
create table if not exists schedule_second_sightings (
    clinic_id uuid not null references clinics (id) on delete cascade,
    neo_appointment_id text not null,
    date date not null,
    appeared_at timestamptz not null,
    -- What its row would hold on this date.
    appointment schedule_appointment_values not null,
    primary key (clinic_id, neo_appointment_id, date)
);
create index if not exists schedule_second_sightings_date on schedule_second_sightings (clinic_id, date);

-- Removals that a sync proved and that the fence holds back until a person decides.
create table if not exists schedule_held_removals (
    sync_id uuid not null references schedule_syncs (id) on delete cascade,
    appointment_id uuid not null references schedule_appointments (id) on delete cascade,
    -- The absence that it is about: once the appointment's `missing_since` differs, this was proved wrong.
    missing_since timestamptz not null,
    held_at timestamptz not null default now(),
    decision text check (decision in ('approved', 'rejected')),
    decided_at timestamptz,
    primary key (sync_id, appointment_id)
);
create index if not exists schedule_held_removals_open on schedule_held_removals (appointment_id) where decided_at is null;

-- What a change keeps of a row. It is inlined, so that it costs no call.
create or replace function appointment_values(a schedule_appointments) returns schedule_appointment_values
language sql stable as $$
    select (a.date, a.start_time, a.end_time, a.starts_at, a.ends_at, a.patient_name, a.client_name, a.client_phone,
        a.client_phone_raw, a.provider_name, a.room_id, a.appointment_type, a.status, a.notes, a.sync_hash
    )::schedule_appointment_values
$$;

-- How many appointments and blocks take each slot, in clinic-local time. An appointment without length takes the
-- slot in which it starts. Rooms that do not count for the clinic take no slot.
create or replace function schedule_slot_bookings(p_clinic_id uuid, p_start_date date, p_end_date date)
returns table (slot_id uuid, bookings integer) language sql stable as $$
    with taken as materialized (
        select a.date, a.date + a.start_time as starts,
            greatest(a.date + a.end_time + case when a.end_time < a.start_time then interval '1 day' else interval '0' end,
                a.date + a.start_time + interval '1 second') as ends
        from schedule_appointments a join clinics c on c.id = a.clinic_id
        where a.clinic_id = p_clinic_id and a.deleted_at is null
            and a.date between p_start_date - 1 and p_end_date
            and a.status not in ('cancelled', 'no_show')
            and (c.resources is null or a.room_id is null or a.room_id = any (c.resources))
    ), bounds as materialized (
        select s.id, s.date, s.date + s.start_time as starts,
            s.date + s.end_time + case when s.end_time <= s.start_time then interval '1 day' else interval '0' end as ends
        from schedule_slots s
        where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date
    ), overlapping as materialized (
        -- Materialized, since a sync counts rows that it has just written, which the planner believes to be few.
        select b.id from bounds b join taken t on t.date = b.date and t.starts < b.ends and t.ends > b.starts
        union all
        select b.id from bounds b join taken t on t.date = b.date - 1 and t.ends > b.starts
    )
    select b.id, (count(o.id))::integer from bounds b left join overlapping o on o.id = b.id group by b.id
$$;

drop function if exists update_slot_counts_bulk(uuid, date, date);
create function update_slot_counts_bulk(p_clinic_id uuid, p_start_date date, p_end_date date) returns integer
language sql volatile as $$
    with recounted as (
        update schedule_slots s set booked_count = b.bookings
        from schedule_slot_bookings(p_clinic_id, p_start_date, p_end_date) b
        where s.id = b.slot_id and s.booked_count <> b.bookings
        returning 1
    )
    select count(*)::integer from recounted
$$;

-- What is free on a date, and how fresh that is: `scraped_at` is null where the date was never read from the portal.
drop function if exists get_available_slots(uuid, date);
create function get_available_slots(p_clinic_id uuid, p_date date)
returns table (
    slot_id uuid, date date, start_time time, end_time time, starts_at timestamptz, ends_at timestamptz,
    capacity integer, booked_count integer, available integer, scraped_at timestamptz, age_seconds double precision
) language sql stable as $$
    select s.id, s.date, s.start_time, s.end_time, s.starts_at, s.ends_at, s.capacity, s.booked_count,
        s.capacity - s.booked_count, d.scraped_at, extract(epoch from clock_timestamp() - d.scraped_at)::double precision
    from schedule_slots s left join schedule_date_scrapes d on d.clinic_id = s.clinic_id and d.date = s.date
    where s.clinic_id = p_clinic_id and s.date = p_date and s.booked_count < s.capacity
    order by s.start_time
$$;

-- Bookings by telephone (vapi_bookings): when one no longer takes a place, and what syncs do about conflicts.

-- Bookings that the portal has shown, or that a person has settled: they take no place any more, even if the
-- appointment goes later.
create table if not exists idexx_sync.booking_matches (
    booking_id uuid not null references public.vapi_bookings (id) on delete cascade,
    -- The time that the booking took, clinic-local. A booking that is moved afterwards takes a place at its new time.
    starts timestamp not null,
    ends timestamp not null check (ends > starts),
    clinic_id uuid not null references public.clinics (id) on delete cascade,
    -- schedule_appointments.id, without a foreign key: the match stays if the row goes. Null: a person settled it.
    appointment_id uuid,
    matched_by text not null check (matched_by in ('phone', 'patient', 'phone_and_patient', 'person')),
    sync_id uuid,
    matched_at timestamptz not null default clock_timestamp(),
    primary key (booking_id, starts)
);
create index if not exists booking_matches_appointment on idexx_sync.booking_matches (appointment_id);
create index if not exists booking_matches_clinic on idexx_sync.booking_matches (clinic_id, starts);

-- Settings that functions of the database need. The gateway writes them when it starts.
create table if not exists idexx_sync.booking_settings (
    only_row boolean primary key default true check (only_row),
    -- EXPIRED_HOLDS: whether a pending booking whose hold has expired takes its place until a person decides.
    expired_holds text not null default 'count' check (expired_holds in ('count', 'release'))
);
insert into idexx_sync.booking_settings default values on conflict do nothing;

-- What a clinic has decided. No row: the defaults.
do $$ begin
    if to_regclass('idexx_sync.clinic_rules') is not null then
        return;
    end if;
    create table idexx_sync.clinic_rules (
        clinic_id uuid primary key references public.clinics (id) on delete cascade,
        -- What the end of a sync does about bookings whose slot the portal has filled: move them, or only mark them.
        conflicts text not null default 'move' check (conflicts in ('move', 'mark'))
    );
    -- The clinics that are here already have bookings that another program promised: nothing moves unasked.
    insert into idexx_sync.clinic_rules (clinic_id, conflicts) select id, 'mark' from public.clinics;
end $$;

alter table idexx_sync.booking_matches enable row level security;
alter table idexx_sync.booking_settings enable row level security;
alter table idexx_sync.clinic_rules enable row level security;

create index if not exists vapi_bookings_clinic_day on public.vapi_bookings (clinic_id, date);

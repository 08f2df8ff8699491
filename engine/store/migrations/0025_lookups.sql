-- What is known of each clinic's portal, appointments that are looked up by their ids before they are removed, and why
-- an appointment was removed.

create table if not exists idexx_sync.clinic_portals (
    clinic_id uuid primary key references public.clinics (id) on delete cascade,
    -- Days that one calendar call could read when a longer range last failed; null: none has.
    span_days smallint check (span_days > 0),
    span_learnt_at timestamptz,
    -- When the portal was found to lack the call for one appointment.
    lacks_lookup_since timestamptz
);

create table if not exists idexx_sync.appointment_lookups (
    sync_id uuid not null references public.schedule_syncs (id) on delete cascade,
    appointment_id uuid not null references public.schedule_appointments (id) on delete cascade,
    -- The portal's own id.
    portal_id text not null,
    asked_at timestamptz not null default clock_timestamp(),
    answered_at timestamptz,
    outcome text check (outcome in ('gone', 'live', 'unknown')),
    reason text,
    starts_at timestamptz,
    ends_at timestamptz,
    primary key (sync_id, appointment_id),
    check ((answered_at is null) = (outcome is null)),
    check ((outcome = 'live') = (starts_at is not null and ends_at is not null))
);
create index if not exists appointment_lookups_appointment on idexx_sync.appointment_lookups (appointment_id);

-- How a removal was proved: by a look-up ('identity'), by two looks ('two_looks'), or by a person ('person'); and why, as
-- the portal says: 'deleted', 'cancelled: ...', 'moved to ...'.
alter table public.schedule_appointments add column if not exists removal_proof text;
alter table public.schedule_appointments add column if not exists removal_reason text;

-- Calls of a sync beyond the first for each span of its dates.
alter table public.schedule_syncs add column if not exists extra_calls integer not null default 0;

do $$
declare
    t text;
begin
    foreach t in array array['clinic_portals', 'appointment_lookups'] loop
        execute format('alter table idexx_sync.%I enable row level security', t);
    end loop;
end $$;

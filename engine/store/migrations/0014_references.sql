-- Whose appointment it is beyond the names: personal data as the names are. Workers of the version before know neither
-- the columns nor the types and functions added here, and go on with theirs, which are not changed.
alter table schedule_appointments add column if not exists client_email text;
alter table schedule_appointments add column if not exists neo_client_id text;
alter table schedule_appointments add column if not exists neo_patient_id text;
alter table schedule_appointments add column if not exists neo_consultation_id text;
-- Of the four as the portal last showed them; null until it did.
alter table schedule_appointments add column if not exists references_hash text;

-- The references of a snapshot's appointments, by their ids: `appointments` is read by workers that refuse a name which
-- they do not know.
alter table schedule_snapshots add column if not exists appointment_references jsonb not null default '{}';

-- As `schedule_scraped_appointment`, with the references.
do $$ begin
    create type schedule_seen_appointment as (
        neo_appointment_id text, start_time time, end_time time, starts_at timestamptz, ends_at timestamptz,
        patient_name text, client_name text, client_phone text, client_phone_raw text, provider_name text,
        room_id text, appointment_type text, status text, notes text, sync_hash text,
        client_email text, neo_client_id text, neo_patient_id text, neo_consultation_id text, references_hash text
    );
exception when duplicate_object then null;
end $$;

-- As `look_at_date`. With references, each hash is followed by that of the references, where there are any.
create or replace function look_at_references(
    p_clinic_id uuid, p_date date, p_scraped_at timestamptz, p_sync_id uuid, p_with_references boolean
)
returns table (ids text[], hashes text[], missing text[], sighted text[]) language plpgsql as $$
begin
    perform lock_clinic(p_clinic_id);

    insert into schedule_date_scrapes as newest (clinic_id, date, scraped_at, sync_id)
    values (p_clinic_id, p_date, p_scraped_at, p_sync_id)
    on conflict (clinic_id, date) do update set scraped_at = excluded.scraped_at, sync_id = excluded.sync_id
    where (newest.scraped_at, newest.sync_id) <= (excluded.scraped_at, excluded.sync_id);
    if not found then
        return;
    end if;

    return query select
        array_agg(a.neo_appointment_id),
        array_agg(case when p_with_references then a.sync_hash || coalesce(a.references_hash, '') else a.sync_hash end),
        array_agg(a.neo_appointment_id) filter (where a.missing_since is not null),
        (select array_agg(s.neo_appointment_id) from schedule_second_sightings s
            where s.clinic_id = p_clinic_id and s.date = p_date)
    from schedule_appointments a
    where a.clinic_id = p_clinic_id and a.date = p_date and a.deleted_at is null;
end $$;

-- Whether one of the references replaces another, or is no longer there: filling one in is no change of the appointment.
create or replace function references_differ(old schedule_appointments, new schedule_appointments) returns boolean
language sql immutable as $$
    select (old.client_email is not null and old.client_email is distinct from new.client_email)
        or (old.neo_client_id is not null and old.neo_client_id is distinct from new.neo_client_id)
        or (old.neo_patient_id is not null and old.neo_patient_id is distinct from new.neo_patient_id)
        or (old.neo_consultation_id is not null and old.neo_consultation_id is distinct from new.neo_consultation_id)
$$;

-- Reconciling a date in fewer and cheaper trips to the database.

-- A clinic's writers take turns; held until the end of the transaction.
create or replace function lock_clinic(p_clinic_id uuid) returns void language sql as $$
    select pg_advisory_xact_lock(hashtextextended('idexx-sync clinic ' || p_clinic_id::text, 0))
$$;

-- Takes the clinic's turn, makes a scrape the newest applied one of its date, and answers what stands on the date; no
-- row where a newer scrape has been applied. In PL/pgSQL each statement sees what was there when it began, so what
-- stands there is read after the turn has come. Arrays, because one row is quicker to read than one for each
-- appointment.
create or replace function look_at_date(p_clinic_id uuid, p_date date, p_scraped_at timestamptz, p_sync_id uuid)
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
        array_agg(a.sync_hash),
        array_agg(a.neo_appointment_id) filter (where a.missing_since is not null),
        (select array_agg(s.neo_appointment_id) from schedule_second_sightings s
            where s.clinic_id = p_clinic_id and s.date = p_date)
    from schedule_appointments a
    where a.clinic_id = p_clinic_id and a.date = p_date and a.deleted_at is null;
end $$;

-- What a scrape tells of an appointment on its date. As one array of these, appointments are handed over in half the
-- time that an array for each column takes.
do $$ begin
    create type schedule_scraped_appointment as (
        neo_appointment_id text, start_time time, end_time time, starts_at timestamptz, ends_at timestamptz,
        patient_name text, client_name text, client_phone text, client_phone_raw text, provider_name text,
        room_id text, appointment_type text, status text, notes text, sync_hash text
    );
exception when duplicate_object then null;
end $$;

-- An appointment is written again and again, mostly where no index looks: room on its page for the new version saves
-- an entry in each index.
alter table schedule_appointments set (fillfactor = 90);

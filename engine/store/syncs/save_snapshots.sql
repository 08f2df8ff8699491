-- Stores the snapshots of dates whose claims still hold; each $4 to $11 has one value for a date.
with seen as (
    select * from unnest(
        $4::date[], $5::uuid[], $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[]
    ) seen (date, claim, scraped_at, appointments, proof, warnings, left_out, appointment_references)
), mine as (
    update idexx_sync.schedule_sync_dates d
    set status = 'scraped', heartbeat_at = clock_timestamp(), reason = null, message = null,
        warnings = seen.warnings::jsonb
    from seen
    where d.sync_id = $2 and d.date = seen.date and d.claim = seen.claim and d.status = any($3)
    returning d.date
)
insert into idexx_sync.schedule_snapshots
    (sync_id, date, clinic_id, scraped_at, appointments, proof, warnings, left_out, appointment_references, stored_at)
select $2, date, $1, scraped_at, appointments::jsonb, proof::jsonb, warnings::jsonb, left_out::jsonb,
    appointment_references::jsonb, clock_timestamp()
from seen join mine using (date)
on conflict (sync_id, date) do update
set scraped_at = excluded.scraped_at, appointments = excluded.appointments, proof = excluded.proof,
    warnings = excluded.warnings, left_out = excluded.left_out,
    appointment_references = excluded.appointment_references, stored_at = excluded.stored_at
returning date

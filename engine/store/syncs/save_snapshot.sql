with mine as (
    update schedule_sync_dates
    set status = 'scraped', heartbeat_at = clock_timestamp(), reason = null, message = null,
        warnings = $9::jsonb
    where sync_id = $1 and date = $2 and claim = $3 and status = any($4)
    returning sync_id, date
)
insert into schedule_snapshots
    (sync_id, date, clinic_id, scraped_at, appointments, proof, warnings, left_out, appointment_references, stored_at)
select sync_id, date, $5, $6, $7::jsonb, $8::jsonb, $9::jsonb, $10::jsonb, $11::jsonb, clock_timestamp() from mine
on conflict (sync_id, date) do update
set scraped_at = excluded.scraped_at, appointments = excluded.appointments, proof = excluded.proof,
    warnings = excluded.warnings, left_out = excluded.left_out,
    appointment_references = excluded.appointment_references, stored_at = excluded.stored_at
returning date

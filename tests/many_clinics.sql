-- Clinics "Branch 1" to "Branch $1", synced some minutes ago, and five kinds of trouble: 17 holds 177 removals, 2 has a locked
-- account, two dates of 5 fail, 9 misses its goal, 12 has a booking to settle; and every clinic above $2 has no credentials.
with clinic as (
    insert into public.clinics (slug, name, timezone, max_age_seconds, login_failure, created_at)
    select 'branch-' || n, 'Branch ' || n, 'America/Chicago', 4 * 3600, case when n = 2 then 'account_locked' end,
        now() - interval '3 days'
    from generate_series(1, $1::integer) n
    returning id, slug, substr(slug, 8)::integer as number
), credentials as (
    insert into idexx_sync.sealed_credentials (clinic_id, key_id, sealed)
    select id, 'k', 'x' from clinic where number <= $2::integer
), sync as (
    insert into public.schedule_syncs (clinic_id, sync_start_date, sync_end_date, status, progress_percentage, dates_total,
        dates_done, failed_dates, partial_success, removals_held, started_at, deadline_at, completed_at, created_at, duration_ms,
        fresh_as_of, last_seq)
    select id, current_date, current_date + 13, 'completed', 100, 14, case when number = 5 then 12 else 14 end,
        case when number = 5 then array[(current_date + 2)::text, (current_date + 3)::text] else array[]::text[] end,
        number = 5, case when number = 17 then 177 else 0 end, a.at, a.at, a.at, a.at, 4200, a.at, 0
    from clinic
    cross join lateral (
        select now() - case when number = 9 then interval '9 hours' else number % 100 * interval '1 minute' end as at
    ) a
    where number <= $2
    returning id, clinic_id, created_at
), dates as (
    insert into idexx_sync.schedule_sync_dates (sync_id, date, status, position, attempts, reason, message, finished_at)
    select s.id, current_date + n, case when c.number = 5 and n in (2, 3) then 'failed' else 'reconciled' end, n + 1,
        case when c.number = 5 and n in (2, 3) then 3 else 1 end,
        case when c.number = 5 and n in (2, 3) then 'server_error' end,
        case when c.number = 5 and n in (2, 3) then 'the portal returned 503' end, s.created_at
    from sync s join clinic c on c.id = s.clinic_id cross join generate_series(0, 13) n
    where c.number in (5, 17)
), missing as (
    insert into public.schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, starts_at, ends_at,
        patient_name, client_name, appointment_type, room_id, status, missing_since, sync_hash, last_synced_at)
    select c.id, (1000 + n)::text, d.day, d.start, d.start + interval '15 minutes',
        (d.day + d.start) at time zone 'America/Chicago', (d.day + d.start + interval '15 minutes') at time zone 'America/Chicago',
        'Patient ' || n, 'Client ' || n, 'Dental', '1', 'scheduled', now() - interval '2 hours', 'h', now() - interval '2 hours'
    from clinic c
    cross join generate_series(1, 177) n
    cross join lateral (select current_date + n % 14 as day, time '08:00' + n / 14 * interval '15 minutes' as start) d
    where c.number = 17
    returning id, clinic_id, missing_since
), held as (
    insert into idexx_sync.schedule_held_removals (sync_id, appointment_id, missing_since)
    select s.id, m.id, m.missing_since from missing m join sync s on s.clinic_id = m.clinic_id
)
insert into public.vapi_bookings (clinic_id, date, start_time, client_name, client_phone, patient_name, status,
    confirmation_number, hold_expires_at)
select id, current_date + 2, '10:30', 'Client of the booking', '+15550100', 'Patient of the booking', 'pending', 'ODIS-TEST0001',
    now() - interval '20 minutes'
from clinic where number = 12

-- A clinic with $1 days of history and 14 days ahead, each of 60 appointments in six columns. Returns its id.
with clinic as (
    insert into public.clinics (slug, name, timezone, resources)
    values ('bench', 'Bench', 'America/Chicago', array['r0', 'r1', 'r2', 'r3', 'r4', 'r5']) returning id
), config as (
    insert into idexx_sync.clinic_portal_config (clinic_id, slot_minutes, rooms, appointment_types, read_at, hours_read_at)
    select id, 15, (select jsonb_agg(jsonb_build_object('id', 'r' || n, 'name', 'Room ' || n)) from generate_series(0, 5) n),
        '[{"id": "1", "name": "Exam", "duration_slots": 2}, {"id": "2", "name": "Tech appointment", "duration_slots": 1}]',
        now(), now() from clinic
), hours as (
    insert into idexx_sync.clinic_open_hours (clinic_id, weekday, opens_minute, closes_minute)
    select id, day, 480, 1080 from clinic, generate_series(0, 6) day
), rules as (
    insert into idexx_sync.clinic_rules (clinic_id, default_minutes) select id, 30 from clinic
), types as (
    insert into idexx_sync.type_rules (clinic_id, type, counts) select id, 'Tech appointment', false from clinic
), lunch as (
    insert into idexx_sync.recurring_blocks (clinic_id, from_minute, to_minute) select id, 720, 840 from clinic
), days as (
    select current_date + n as day, n from generate_series(-$1::integer, 15) n
), appointments as (
    insert into public.schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, starts_at, ends_at,
        room_id, appointment_type, provider_name, status, sync_hash, patient_name)
    select id, day || '-' || k, day, at::time, (at + interval '30 minutes')::time, at at time zone 'America/Chicago',
        (at + interval '30 minutes') at time zone 'America/Chicago', 'r' || k % 6,
        case when k % 15 = 0 then 'Tech appointment' else 'Exam' end, 'Dr. ' || k % 4, 'scheduled', md5(k::text), 'Patient ' || k
    from clinic, days, generate_series(0, 59) k
    cross join lateral (select day + interval '8 hours' + (k * 7 % 40) * interval '15 minutes' as at) place
), slots as (
    insert into public.schedule_slots (clinic_id, date, start_time, end_time, capacity)
    select id, day, (day + m * interval '1 minute')::time, (day + (m + 15) * interval '1 minute')::time, 6
    from clinic, days, generate_series(480, 1065, 15) m
), bookings as (
    insert into public.vapi_bookings (clinic_id, date, start_time, client_name, client_phone, patient_name, status)
    select id, day, time '09:00' + k * interval '100 minutes', 'C', '1', 'P', case when n < 0 then 'cancelled' else 'confirmed' end
    from clinic, days, generate_series(0, 1) k
), sync as (
    insert into public.schedule_syncs (clinic_id, sync_start_date, sync_end_date, status)
    select id, current_date, current_date + 15, 'completed' from clinic returning id, clinic_id
), sync_dates as (
    insert into idexx_sync.schedule_sync_dates (sync_id, date, status, position)
    select id, day, 'reconciled', n from sync, days where n >= 0
), reads as (
    insert into idexx_sync.schedule_date_scrapes (clinic_id, date, scraped_at, sync_id)
    select clinic_id, day, now(), id from sync, days
)
select id from clinic

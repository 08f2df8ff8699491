-- Three clinics in three zones with what each has; every value was invented.
insert into auth.users (id, email)
select ('a0000000-0000-0000-0000-00000000000' || n)::uuid, 'user' || n || '@example.test' from generate_series(1, 3) n;

insert into public.clinics (
    id, name, phone
    , slug --? slug
    , timezone --? timezone
)
select ('c0000000-0000-0000-0000-00000000000' || n)::uuid, name, '+1555010000' || n
    , slug --? slug
    , zone --? timezone
from (values
    (1, 'Elm Street Animal Hospital', 'elm-street', 'America/Los_Angeles'),
    (2, 'Oak Veterinary Clinic', 'oak', 'America/Los_Angeles'),
    (3, 'Ash Pet Care', 'ash', 'America/New_York')
) c (n, name, slug, zone);

insert into public.users (id, clinic_id)
select ('a0000000-0000-0000-0000-00000000000' || n)::uuid, ('c0000000-0000-0000-0000-00000000000' || n)::uuid
from generate_series(1, 3) n;

-- The second clinic's zone is the default in both; the third one's differs in `clinics` where there is the column.
insert into public.clinic_schedule_config
    (clinic_id, open_time, close_time, days_of_week, slot_duration_minutes, default_capacity, sync_horizon_days,
    stale_threshold_minutes, timezone)
values
    ('c0000000-0000-0000-0000-000000000001', '08:00', '18:00', '{1,2,3,4,5}', 15, 3, 21, 45, 'America/Chicago'),
    ('c0000000-0000-0000-0000-000000000002', '07:30', '17:00', '{1,2,3,4,5,6}', 30, 2, 14, 60, 'America/Los_Angeles'),
    ('c0000000-0000-0000-0000-000000000003', '09:00', '16:00', '{2,4}', 20, 1, 60, 120,
        'America/Los_Angeles' --? timezone
        'America/New_York' --! timezone
    );

insert into public.clinic_blocked_periods (clinic_id, name, start_time, end_time, days_of_week, is_active)
select id, 'Lunch Break', time '12:00', time '14:00', '{1,2,3,4,5}'::int[], true from public.clinics
union all
select id, 'Old meeting', '08:00', '09:00', '{1}', false from public.clinics where name like 'Elm%';

insert into public.schedule_slots (clinic_id, date, start_time, end_time, capacity, booked_count, last_synced_at)
select c.id, day::date, t, t + interval '15 minutes', 2, 0, now() - interval '20 minutes'
from public.clinics c cross join generate_series(timestamp '2027-03-01', '2027-03-02', '1 day') day
cross join (select time '08:00' + n * interval '15 minutes' as t from generate_series(0, 39) n) times;

insert into public.schedule_appointments
    (clinic_id, slot_id, neo_appointment_id, date, start_time, end_time, patient_name, client_name, client_phone,
    provider_name, room_id, appointment_type, status, sync_hash, deleted_at)
select s.clinic_id, s.id, 'neo-' || n, s.date, s.start_time, s.start_time + interval '30 minutes', 'Rex ' || n,
    'Client ' || n, '+1555020' || lpad(n::text, 4, '0'), 'Dr. Example', (n % 3)::text, 'Exam',
    (array['scheduled', 'confirmed', 'finalized', 'no_show', 'checked_in'])[1 + n % 5],
    case when n % 4 <> 0 then md5(n::text) end, case when n % 7 = 0 then now() - interval '3 days' end
from (select *, row_number() over (partition by clinic_id order by date, start_time) as n from public.schedule_slots) s
where n % 5 = 1;

insert into public.vapi_bookings
    (clinic_id, slot_id, date, start_time, client_name, client_phone, patient_name, species, status, confirmation_number,
    hold_expires_at, metadata)
select s.clinic_id, s.id, s.date, s.start_time, 'Caller ' || b.n, '+1555030000' || b.n, 'Tom ' || b.n, 'Feline', b.status,
    'ODIS-' || upper(left(md5(s.clinic_id::text || b.n), 8)), now() + b.hold, '{"language": "en"}'
from (values
    (1, 'pending', '10:00'::time, interval '5 minutes'), (2, 'pending', '10:15', interval '-2 hours'),
    (3, 'confirmed', '10:30', null), (4, 'cancelled', '10:45', null), (5, 'rescheduled', '11:00', null)
) b (n, status, at, hold)
join public.schedule_slots s on s.start_time = b.at and s.date = '2027-03-02';

insert into public.schedule_syncs
    (clinic_id, sync_start_date, sync_end_date, status, slots_created, appointments_added, started_at, completed_at, duration_ms)
select c.id, '2027-03-01', '2027-03-15', v.status, v.count, v.count, now() - v.ago, now() - v.ended,
    case when v.ended is not null then 61000 end
from public.clinics c cross join (values
    ('completed', 12, interval '1 hour', interval '59 minutes'), ('failed', null, interval '3 days', interval '3 days'),
    ('in_progress', 0, interval '2 days', null), ('in_progress', null, interval '40 days', null)
) v (status, count, ago, ended);

insert into public.idexx_credentials (user_id, clinic_id, username_encrypted, password_encrypted)
select u.id, u.clinic_id, '\x0102'::bytea, '\x0304'::bytea from public.users u
union all
select id, null, '\x05', '\x06' from auth.users where email like 'user1@%';

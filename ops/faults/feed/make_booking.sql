-- Books one of the starts that are offered; $2 in [0, 1) says which.
with offered as (
    select c.id, s.date, s.start_time, row_number() over (order by s.starts_at) as number, count(*) over () as count
    from idexx_sync.clinic_settings c
    cross join idexx_sync.bookable_starts(c.id, now(), now() + interval '14 days') s
    where c.slug = $1
)
insert into public.vapi_bookings (clinic_id, date, start_time, client_name, client_phone, patient_name, status)
select id, date, start_time, 'Maria Lopez', '+13125550101', 'Biscuit', 'confirmed'
from offered where number = 1 + floor($2::float8 * count)

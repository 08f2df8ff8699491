update public.vapi_bookings b set date = n.date, start_time = n.start_time
from (
    select v.id, s.date, s.start_time
    from (
        select x.id, x.clinic_id from public.vapi_bookings x join idexx_sync.clinic_settings c on c.id = x.clinic_id
        where c.slug = $1 and x.status = 'confirmed' order by md5(x.id::text || $2::float8) limit 1
    ) v
    cross join lateral (
        select o.date, o.start_time from idexx_sync.bookable_starts(v.clinic_id, now(), now() + interval '14 days') o
        order by md5(o.starts_at::text || $2::float8) limit 1
    ) s
) n
where b.id = n.id

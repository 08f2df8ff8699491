update public.vapi_bookings set status = 'cancelled' where id = (
    select x.id from public.vapi_bookings x join idexx_sync.clinic_settings c on c.id = x.clinic_id
    where c.slug = $1 and x.status = 'confirmed' order by md5(x.id::text || $2::float8) limit 1
)

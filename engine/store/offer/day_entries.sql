-- Everything in a clinic's calendar of a day, with names. What takes no time there (cancelled appointments, no-shows) is in
-- the portal's calendar as well.
with shown as (
    select x.kind, x.id, x.room_id, x.takes_column, x.starts, x.ends
    from idexx_sync.offer_terms t
    cross join lateral idexx_sync.taken_times(
        t.clinic_id, $2, $2, coalesce(t.timezone, 'UTC'), coalesce($3::timestamptz, now())) x
    where t.clinic_id = $1 and tsrange(x.starts, x.ends) && tsrange($2, $2::date + 1)
    union all
    select 'appointment', a.id, nullif(a.room_id, ''), false, a.date + a.start_time,
        greatest(a.date + a.start_time + interval '1 second', a.date + a.end_time)
    from public.schedule_appointments a
    where a.clinic_id = $1 and a.date = $2 and a.deleted_at is null and a.status in ('cancelled', 'no_show')
)
select x.kind, x.id, x.room_id as column, x.starts, x.ends, x.takes_column, a.appointment_type as type,
    coalesce(a.status, b.status) as status, a.provider_name as provider, coalesce(a.patient_name, b.patient_name) as patient,
    coalesce(a.client_name, b.client_name) as client, coalesce(a.notes, b.reason) as notes
from shown x
left join public.schedule_appointments a on x.kind in ('appointment', 'block') and a.id = x.id
left join public.vapi_bookings b on x.kind in ('booking', 'hold') and b.id = x.id
order by x.starts, x.id

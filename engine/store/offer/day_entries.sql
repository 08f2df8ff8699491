-- Everything that takes time of a clinic's day, with names.
select x.kind, x.id, x.room_id as column, x.starts, x.ends, a.appointment_type as type,
    coalesce(a.status, b.status) as status, a.provider_name as provider, coalesce(a.patient_name, b.patient_name) as patient,
    coalesce(a.client_name, b.client_name) as client, coalesce(a.notes, b.reason) as notes
from idexx_sync.offer_terms t
cross join lateral idexx_sync.taken_times(t.clinic_id, $2, $2, coalesce(t.timezone, 'UTC'), coalesce($3::timestamptz, now())) x
left join public.schedule_appointments a on x.kind in ('appointment', 'block') and a.id = x.id
left join public.vapi_bookings b on x.kind in ('booking', 'hold') and b.id = x.id
where t.clinic_id = $1 and tsrange(x.starts, x.ends) && tsrange($2, $2::date + 1)
order by x.starts, x.id

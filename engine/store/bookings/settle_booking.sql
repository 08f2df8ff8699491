-- A person knows that the portal has the booking, whatever it is called there: it takes no place any more.
with settled as (
    update public.vapi_bookings set has_conflict = false, status = case when status = 'pending' then 'confirmed' else status end
    where id = $1 returning id, clinic_id, date, start_time
)
insert into idexx_sync.booking_matches (booking_id, starts, ends, clinic_id, matched_by)
select id, date + start_time, greatest($2::timestamp, date + start_time + interval '1 second'), clinic_id, 'person' from settled
on conflict do nothing

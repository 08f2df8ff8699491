-- The number of stored appointments of these dates: an empty response for such a date is requested again.
select date, count(*) as stored from public.schedule_appointments
where clinic_id = $1 and date = any($2) and deleted_at is null
group by date

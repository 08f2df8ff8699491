-- How many appointments the database holds for these dates: an empty answer for such a date is asked again.
select date, count(*) as stored from schedule_appointments
where clinic_id = $1 and date = any($2) and deleted_at is null
group by date

-- The number of rows of a clinic on each date of a sync's range, and how many of them are not blocks.
select a.date, count(*)::integer as rows,
    (count(*) filter (where a.appointment_type is distinct from 'block'))::integer as appointments
from public.schedule_appointments a
join public.schedule_syncs s on s.id = $2 and a.date between s.sync_start_date and s.sync_end_date
where a.clinic_id = $1 and a.deleted_at is null
group by a.date

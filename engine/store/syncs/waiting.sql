-- The syncs of a clinic that may start now: the oldest queued ones, as many as places are free.
select id from public.schedule_syncs
where clinic_id = $1 and status = 'queued'
order by created_at, id
limit greatest(0, $2 - (select count(*) from public.schedule_syncs where clinic_id = $1 and status = 'in_progress'))

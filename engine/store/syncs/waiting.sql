-- The syncs of a clinic that may start now: the oldest ones that wait, as many as there is room for.
select id from schedule_syncs
where clinic_id = $1 and status = 'queued'
order by created_at, id
limit greatest(0, $2 - (select count(*) from schedule_syncs where clinic_id = $1 and status = 'in_progress'))

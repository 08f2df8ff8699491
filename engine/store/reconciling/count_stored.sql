-- How many appointments a clinic has in a sync's range.
select count(*)::integer from schedule_appointments a
join schedule_syncs s on s.id = $2 and a.date between s.sync_start_date and s.sync_end_date
where a.clinic_id = $1 and a.deleted_at is null

-- What the clinic's latest reading of its configuration came to, if it is younger than $2 seconds.
select configuration from public.schedule_syncs
where clinic_id = $1 and configuration is not null and started_at > clock_timestamp() - make_interval(secs => $2)
order by started_at desc limit 1

-- The changes of a clinic from the end of one sync to the end of another: one row for each appointment, with its
-- values at the first time and at the second (null: not there). Unchanged ones are left out.
with spans as (
    select min(coalesce(completed_at, clock_timestamp())) as since, max(coalesce(completed_at, clock_timestamp())) as until
    from public.schedule_syncs where clinic_id = $1 and id in ($2, $3)
), changes as (
    select c.* from idexx_sync.schedule_appointment_changes c, spans
    where c.clinic_id = $1 and c.at > spans.since and c.at <= spans.until
), ends as (
    select distinct appointment_id, neo_appointment_id,
        first_value(case when kind in ('added', 'restored') then null else to_jsonb(before) end)
            over (partition by appointment_id order by id) as before,
        last_value(to_jsonb(after)) over (partition by appointment_id order by id
            rows between unbounded preceding and unbounded following) as after
    from changes
)
select appointment_id, neo_appointment_id, before, after from ends
where before is distinct from after
order by coalesce(after, before) ->> 'date', coalesce(after, before) ->> 'start_time', neo_appointment_id

-- What no complete scrape of a sync has seen, on dates that it scraped completely. The appointment may have moved
-- to a date that the sync did not scrape completely, unless that date has been read since the move must have
-- ended: $3 after the absence was seen.
with candidates as materialized (
    select a.* from public.schedule_appointments a
    join idexx_sync.schedule_sync_dates d on d.sync_id = $2 and d.date = a.date and d.status = 'reconciled'
    where a.clinic_id = $1 and a.missing_since is not null and a.deleted_at is null
), seen as materialized (
    select distinct record ->> 'neo_appointment_id' as neo_appointment_id
    from idexx_sync.schedule_snapshots s cross join lateral jsonb_array_elements(s.appointments) record
    where s.sync_id = $2 and exists (select from candidates)
)
select c.id, c.neo_appointment_id, c.date, c.start_time, c.end_time, c.appointment_type, c.provider_name,
    c.patient_name, c.client_name, c.client_phone, c.client_phone_raw, c.missing_since,
    case when exists (
        select from idexx_sync.schedule_sync_dates d
        left join idexx_sync.schedule_date_scrapes scrape on scrape.clinic_id = $1 and scrape.date = d.date
        where d.sync_id = $2 and d.status <> 'reconciled'
            and (scrape.scraped_at is null or scrape.scraped_at < c.missing_since + $3::interval)
    ) then 'failed_date' end as protection,
    exists (
        select from idexx_sync.schedule_held_removals h
        where h.appointment_id = c.id and h.missing_since = c.missing_since and h.decision is distinct from 'approved'
    ) as is_held
from candidates c
where not exists (select from seen where seen.neo_appointment_id = c.neo_appointment_id)
order by c.date, c.start_time, c.neo_appointment_id

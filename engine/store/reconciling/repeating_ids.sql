-- The ids that two places have shown for longer than a move takes: each was shown since the later one appeared,
-- and still is in the newest scrape of its date.
with places as materialized (
    select a.neo_appointment_id, a.date, coalesce(a.appeared_at, '-infinity') as appeared_at, scrape.scraped_at
    from public.schedule_appointments a
    join idexx_sync.schedule_date_scrapes scrape using (clinic_id, date)
    where a.clinic_id = $1 and a.neo_appointment_id = any ($2::text[]) and a.deleted_at is null and a.missing_since is null
    union all
    select s.neo_appointment_id, s.date, s.appeared_at, scrape.scraped_at
    from idexx_sync.schedule_second_sightings s
    join idexx_sync.schedule_date_scrapes scrape using (clinic_id, date)
    where s.clinic_id = $1 and s.neo_appointment_id = any ($2::text[])
)
select distinct neo_appointment_id as id from places one join places other using (neo_appointment_id)
where one.date < other.date
    and least(one.scraped_at, other.scraped_at) > greatest(one.appeared_at, other.appeared_at) + $3::interval
order by 1

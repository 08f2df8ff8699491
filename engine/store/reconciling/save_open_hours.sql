-- Replaces a clinic's opening hours; writes only the rows that differ.
with wanted as (
    select * from unnest($2::smallint[], $3::smallint[], $4::smallint[]) as wanted (weekday, opens_minute, closes_minute)
), gone as (
    delete from idexx_sync.clinic_open_hours h where h.clinic_id = $1 and not exists (
        select from wanted w where (w.weekday, w.opens_minute) = (h.weekday, h.opens_minute)
    )
)
insert into idexx_sync.clinic_open_hours as stored (clinic_id, weekday, opens_minute, closes_minute)
select $1, weekday, opens_minute, max(closes_minute) from wanted group by weekday, opens_minute
on conflict (clinic_id, weekday, opens_minute) do update set closes_minute = excluded.closes_minute
where stored.closes_minute <> excluded.closes_minute

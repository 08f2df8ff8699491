-- The starts that are offered at position $2, as they were last compared, except that each later change is taken back.
with terms as materialized (
    select t.clinic_id, coalesce(t.timezone, 'UTC') as zone,
        clock_timestamp() + coalesce(t.notice_minutes, 0) * interval '1 minute' as earliest,
        (clock_timestamp() at time zone coalesce(t.timezone, 'UTC'))::date + t.horizon_days - 1 as last_day,
        idexx_sync.start_minutes(t, null, null) * interval '1 minute' as length
    from idexx_sync.offer_terms t where t.clinic_id = $1
), newer as materialized (
    select distinct on (o.starts_at) o.starts_at, o.ends_at, o.date, o.column_count_before
    from idexx_sync.offer_changes o
    where o.clinic_id = $1 and (o.position > $2 or o.position is null)
    order by o.starts_at, o.position nulls last, o.id
), found as (
    select x.starts_at, x.starts_at + t.length as ends_at, d.date, x.column_count
    from terms t
    join idexx_sync.offered_days d on d.clinic_id = t.clinic_id and d.date >= (t.earliest at time zone t.zone)::date
    cross join unnest(d.starts, d.column_counts) x (starts_at, column_count)
    where not exists (select from newer n where n.starts_at = x.starts_at)
    union all
    select n.starts_at, n.ends_at, n.date, n.column_count_before from newer n where n.column_count_before > 0
)
select f.starts_at, f.ends_at, f.date, (f.starts_at at time zone t.zone)::time as start_time, f.column_count
from found f cross join terms t
where f.starts_at >= t.earliest and (t.last_day is null or f.date <= t.last_day)
    and ($3::timestamptz is null or f.starts_at > $3)
order by f.starts_at limit $4

-- The dates $2 to $3 with their age; for those of $4, which offer nothing, the start that the fewest rules forbid. Candidates
-- are the starts of the grid within the opening hours; on a day that is closed, from the week's earliest opening to its last
-- closing; noon where no opening hours are known. Of a later date that was never read, one
-- is enough: all of them are forbidden, and a range may have weeks of such dates.
with terms as materialized (
    select t.clinic_id, coalesce(t.timezone, 'UTC') as zone, coalesce(t.grid_minutes, t.slot_minutes) as grid, t.max_age_seconds,
        idexx_sync.start_minutes(t, $5, $6) * interval '1 minute' as length
    from idexx_sync.offer_terms t where t.clinic_id = $1
), ages as materialized (
    select a.date, a.read_at, a.doubt,
        a.doubt is not distinct from 'never_read' and a.date > ($9 at time zone t.zone)::date as is_unknown
    from terms t cross join lateral idexx_sync.date_ages($1, $2, $3, t.max_age_seconds, $9) a
), candidates as (
    select array_agg(c.at order by c.at) as starts, array_agg(c.at + c.length order by c.at) as ends
    from (
        select distinct idexx_sync.instant_of(a.date + m.minute * interval '1 minute', t.zone) as at, t.length
        from terms t
        cross join ages a
        cross join lateral (
            select x.minute, row_number() over (order by x.is_noon, x.minute) as n
            from (
                select minute, false as is_noon from idexx_sync.open_hours(t.clinic_id) h
                cross join generate_series(
                    (h.from_minute + t.grid - 1) / t.grid * t.grid, least(h.to_minute, 1440) - 1, t.grid) minute
                where h.weekday = extract(dow from a.date)
                union all
                select minute, false
                from (
                    select min(h.from_minute) as opens, least(max(h.to_minute), 1440) as closes
                    from idexx_sync.open_hours(t.clinic_id) h
                    having not coalesce(bool_or(h.weekday = extract(dow from a.date)), false)
                ) week
                cross join generate_series((week.opens + t.grid - 1) / t.grid * t.grid, week.closes - 1, t.grid) minute
                union all
                select 720, true where not exists (select from idexx_sync.open_hours(t.clinic_id))
            ) x
        ) m
        where a.date = any ($4::date[]) and (m.n = 1 or not a.is_unknown)
    ) c
    where c.at is not null
), nearest as (
    select distinct on (j.date) j.date, j.starts_at, j.denied
    from candidates c
    cross join lateral idexx_sync.judged_starts($1, c.starts, c.ends, $5, $7, $8, $9) j
    where cardinality(j.denied) > 0
    order by j.date, cardinality(j.denied), j.starts_at
)
select a.date, a.read_at, a.doubt, n.starts_at as nearest_at, n.denied
from ages a
left join nearest n on n.date = a.date
order by a.date

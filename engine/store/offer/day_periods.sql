-- When a clinic is open on a day, and when nothing is offered whatever is free, in minutes after its midnight.
select p.kind, greatest(0, p.from_minute) as from_minute, least(1440, p.to_minute) as to_minute
from (
    select 'open' as kind, h.from_minute, h.to_minute from idexx_sync.open_hours($1) h
    where h.weekday = extract(dow from $2::date)
    union all
    -- What began the day before.
    select 'open', h.from_minute - 1440, h.to_minute - 1440 from idexx_sync.open_hours($1) h
    where h.weekday = extract(dow from $2::date - 1)
    union all
    select 'closed_day', 0, 1440 from idexx_sync.closed_days c where c.clinic_id = $1 and c.date = $2
    union all
    select 'recurring_block', floor(extract(epoch from b.starts - $2::date) / 60)::integer,
        ceil(extract(epoch from b.ends - $2::date) / 60)::integer
    from idexx_sync.blocked_times($1, $2, $2, $3) b
) p
where p.from_minute < 1440 and p.to_minute > 0 and p.from_minute < p.to_minute
order by 2, 3, 1

-- When a clinic's day begins and ends, what is known of its age, and the terms of its offer.
select n.at, z.name as timezone, a.read_at, a.doubt, t.max_age_seconds, coalesce(t.grid_minutes, t.slot_minutes) as grid_minutes,
    t.resources is not null as columns_chosen, $2::date::timestamp at time zone z.name as begins,
    ($2::date + 1)::timestamp at time zone z.name as ends
from idexx_sync.offer_terms t
cross join lateral (select coalesce(t.timezone, 'UTC') as name) z
cross join lateral (select coalesce($3::timestamptz, now()) as at) n
cross join lateral idexx_sync.date_ages(t.clinic_id, $2, $2, t.max_age_seconds, n.at) a
where t.clinic_id = $1

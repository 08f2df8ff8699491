-- When a clinic's day begins and ends, and what is known of its age.
select a.read_at, a.doubt, $2::date::timestamp at time zone z.name as begins, ($2::date + 1)::timestamp at time zone z.name as ends
from idexx_sync.offer_terms t
cross join lateral (select coalesce(t.timezone, 'UTC') as name) z
cross join lateral idexx_sync.date_ages(t.clinic_id, $2, $2, t.max_age_seconds, coalesce($3::timestamptz, now())) a
where t.clinic_id = $1

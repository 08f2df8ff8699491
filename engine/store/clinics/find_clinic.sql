select
    c.id, c.slug, c.name, c.timezone, c.timezone_problem, c.country, c.resources, c.horizon_days, k.address as portal
from idexx_sync.clinic_settings c
left join idexx_sync.sealed_credentials k on k.clinic_id = c.id
where c.slug = $1 or c.id::text = lower($1)

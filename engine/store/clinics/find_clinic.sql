select id, slug, name, timezone, timezone_problem, country, resources, horizon_days
from idexx_sync.clinic_settings
where slug = $1 or id::text = lower($1)

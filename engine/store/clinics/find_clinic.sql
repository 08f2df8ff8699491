select id, slug, name, timezone, country, resources
from clinics
where slug = $1 or id::text = lower($1)

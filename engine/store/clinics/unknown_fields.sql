select c.slug, array_agg(f.name order by f.name) as names
from idexx_sync.clinic_unknown_fields f join idexx_sync.clinic_settings c on c.id = f.clinic_id
group by c.slug order by c.slug

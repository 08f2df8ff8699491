select s.starts_at, s.column_count
from idexx_sync.clinic_settings c
cross join idexx_sync.bookable_starts(c.id, $2::timestamptz, $2::timestamptz + interval '60 days', p_now => $2::timestamptz) s
where c.slug = $1

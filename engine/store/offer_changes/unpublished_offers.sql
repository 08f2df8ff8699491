select o.id, o.kind, c.slug as clinic, o.starts_at, o.ends_at, o.date, o.start_time, o.column_count, o.column_count_before,
    o.cause, o.sync_id, o.booking_id, o.rule, o.at
from idexx_sync.offer_changes o join idexx_sync.clinic_settings c on c.id = o.clinic_id
where o.clinic_id = $1 and o.published_at is null
order by o.id
limit $2

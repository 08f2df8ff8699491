-- Stores the answers of a sync's open look-ups; one without an answer proves nothing.
update idexx_sync.appointment_lookups l
set answered_at = clock_timestamp(), outcome = coalesce(found.outcome, 'unknown'), reason = found.reason,
    starts_at = found.starts_at, ends_at = found.ends_at
from idexx_sync.appointment_lookups asked
left join unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
    found (portal_id, outcome, reason, starts_at, ends_at) on found.portal_id = asked.portal_id
where asked.sync_id = $1 and asked.outcome is null
    and l.sync_id = asked.sync_id and l.appointment_id = asked.appointment_id

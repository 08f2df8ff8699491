-- Appends the next events of a sync with the sync's state, one for each of $3, in the transaction that changes the state.
with details as (
    select * from unnest($3::text[]) with ordinality details (own, number)
), sync as (
    update public.schedule_syncs s
    set last_seq = s.last_seq + cardinality($3::text[]), heartbeat_at = clock_timestamp()
    from idexx_sync.clinic_settings c
    where s.id = $1 and c.id = s.clinic_id
    returning s.*, c.slug, clock_timestamp() as at
)
insert into idexx_sync.schedule_sync_events (sync_id, seq, clinic_id, event, at, payload)
select id, seq, clinic_id, $2, at, jsonb_build_object(
    'event', $2::text,
    'sync_id', id,
    'clinic', slug,
    'seq', seq,
    'at', to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'status', status,
    'progress_percentage', progress_percentage,
    'dates_total', dates_total,
    'dates_done', dates_done,
    'failed_dates', to_jsonb(failed_dates)
) || case when dry_run then jsonb_build_object('dry_run', true) else '{}' end || own::jsonb
from sync cross join details
cross join lateral (select last_seq - cardinality($3::text[]) + number as seq) numbered

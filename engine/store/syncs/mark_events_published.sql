update idexx_sync.schedule_sync_events e set published_at = clock_timestamp()
from unnest($1::uuid[], $2::integer[]) p (sync_id, seq)
where e.sync_id = p.sync_id and e.seq = p.seq

update idexx_sync.calendar_feeds f set last_used_at = greatest(f.last_used_at, u.at)
from unnest($1::uuid[], $2::timestamptz[]) as u (id, at) where f.id = u.id

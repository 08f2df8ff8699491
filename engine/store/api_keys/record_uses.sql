update idexx_sync.api_keys k set last_used_at = greatest(k.last_used_at, u.at)
from unnest($1::uuid[], $2::timestamptz[]) as u (id, at) where k.id = u.id

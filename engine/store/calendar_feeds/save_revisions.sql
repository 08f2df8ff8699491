insert into idexx_sync.calendar_feed_events (feed_id, uid, sequence, content_hash, starts_at, ends_at, is_all_day,
    changed_at, cancelled_at)
select $1, x.* from unnest($2::text[], $3::integer[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::boolean[],
    $8::timestamptz[], $9::timestamptz[]) x
on conflict (feed_id, uid) do update set sequence = excluded.sequence, content_hash = excluded.content_hash,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, is_all_day = excluded.is_all_day,
    changed_at = excluded.changed_at, cancelled_at = excluded.cancelled_at

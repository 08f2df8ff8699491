insert into idexx_sync.idexx_sessions (clinic_id, generation, key_id, sealed, expires_at)
values ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))
on conflict (clinic_id) do update
set generation = excluded.generation, key_id = excluded.key_id, sealed = excluded.sealed, expires_at = excluded.expires_at

-- Another address is another receiver: the old secret, a pause and what it is sent are replaced.
insert into idexx_sync.clinic_webhooks (clinic_id, url, key_id, sealed)
values ($1, $2, $3, $4)
on conflict (clinic_id) do update set
    url = excluded.url, key_id = excluded.key_id, sealed = excluded.sealed,
    old_secret_until = null, paused_at = null, pause_reason = null, created_at = now(), sends_attention = false

-- Forgets what was sent to webhooks that are gone, or are not sent it any more.
delete from idexx_sync.attention_notices n where not exists (
    select from idexx_sync.clinic_webhooks w where w.clinic_id = n.clinic_id and w.sends_attention
)

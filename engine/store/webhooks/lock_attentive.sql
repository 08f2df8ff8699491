-- The clinics whose webhooks are sent what needs a person; locked, so that one gateway records it, and others skip them.
select clinic_id from idexx_sync.clinic_webhooks where sends_attention order by clinic_id for no key update skip locked

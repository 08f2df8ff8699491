select key, item from idexx_sync.attention_notices where clinic_id = any ($1::uuid[]) order by recorded_at, key

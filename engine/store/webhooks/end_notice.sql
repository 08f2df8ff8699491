delete from idexx_sync.attention_notices where key = $1

select idexx_sync.number_changes($1)

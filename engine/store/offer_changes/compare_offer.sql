select idexx_sync.compare_offer($1)

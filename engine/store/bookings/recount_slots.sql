select idexx_sync.recount_slots($1, $2, $3)

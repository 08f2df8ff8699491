select idexx_sync.lock_clinic($1)

select exists (select from idexx_sync.actions where id = $1 and verb = $2 and outcome is null)

select configuration from schedule_syncs where id = $1

select warnings from schedule_syncs where id = $1

-- Returns a row if the setting changed.
update idexx_sync.booking_settings set expired_holds = $1 where expired_holds <> $1 returning expired_holds

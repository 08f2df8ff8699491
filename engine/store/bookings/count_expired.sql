select count(*)::integer from idexx_sync.live_bookings($1, $2, $3) where state = 'expired'

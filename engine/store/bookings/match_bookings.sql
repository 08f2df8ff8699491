select idexx_sync.match_bookings($1, $2, $3, $4)

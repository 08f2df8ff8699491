select * from idexx_sync.appointment_feed where clinic_id = $1 and position > $2 order by position limit $3

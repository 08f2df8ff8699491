-- Bookings that are being made end before the slots are read, or wait for the end of the transaction. An appointment
-- that lasts past midnight takes slots of the day after the range.
select idexx_sync.lock_slots($1, $2, $3::date + 1)

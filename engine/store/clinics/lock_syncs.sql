-- A worker that holds a sync may still refer to its clinic here, but not while the clinic is being deleted: of the two,
-- each would wait for the other.
select id from schedule_syncs where clinic_id = $1 for update

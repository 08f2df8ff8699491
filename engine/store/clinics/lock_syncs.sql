-- Locks the clinic's syncs before the clinic is deleted: a worker that holds a sync may still refer to the clinic,
-- and each would wait for the other.
select id from public.schedule_syncs where clinic_id = $1 for update

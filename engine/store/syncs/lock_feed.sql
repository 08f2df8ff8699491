-- One publisher of a clinic's events at a time, so that they reach the stream in order.
select pg_advisory_xact_lock(hashtextextended('idexx-sync/feed/' || $1::uuid::text, 0))

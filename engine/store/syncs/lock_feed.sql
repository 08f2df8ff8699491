-- One publisher of a clinic's events at a time, so that they reach the stream in order. One that does nothing for $2
-- milliseconds (its process is frozen, or its machine paused) is cut off, and the others go on.
select set_config('idle_in_transaction_session_timeout', $2, true),
    pg_advisory_xact_lock(hashtextextended('idexx-sync/feed/' || $1::uuid::text, 0))

-- Lets one process at a time publish a clinic's events, so that they reach the stream in order. A publisher that
-- is idle for $2 milliseconds (a frozen process, a paused machine) is disconnected, and the others continue.
select set_config('idle_in_transaction_session_timeout', $2, true),
    pg_advisory_xact_lock(hashtextextended('idexx-sync/feed/' || $1::uuid::text, 0))

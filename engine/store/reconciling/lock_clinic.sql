-- A clinic's writers take turns; held until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended('idexx-sync clinic ' || $1::uuid::text, 0))

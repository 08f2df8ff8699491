-- Stored offers of past dates.
delete from idexx_sync.offered_days where ctid in (
    select ctid from idexx_sync.offered_days where date < ($1 at time zone 'UTC')::date limit $2
)

-- What the sweep does with changes that are too old, done to those that are published.
with gone as (
    delete from idexx_sync.schedule_appointment_changes where published_at is not null
), gone_too as (
    delete from idexx_sync.offer_changes where published_at is not null
)
select

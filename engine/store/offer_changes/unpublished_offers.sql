-- Those that have a position, which is committed.
select * from idexx_sync.offer_feed
where clinic_id = $1 and published_at is null and position is not null
order by position, id
limit $2

-- Changes of offers, once published, oldest first.
delete from idexx_sync.offer_changes where id in (
    select id from idexx_sync.offer_changes where at < $1 and published_at is not null order by id limit $2
)

-- Marks of dates that could not be compared for so long: the next change of them is compared with what was stored before.
delete from idexx_sync.offer_marks where id in (
    select id from idexx_sync.offer_marks where marked_at < $1 order by id limit $2
)

-- Evidence of failed dates.
delete from idexx_sync.schedule_evidence where id in (select id from idexx_sync.schedule_evidence where at < $1 order by at limit $2)

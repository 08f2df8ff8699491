-- Evidence of failed dates.
delete from schedule_evidence where id in (select id from schedule_evidence where at < $1 order by at limit $2)

-- The dates that wait to be reconciled and were sent to a DateScraper in the same span as a date.
select d.date from idexx_sync.schedule_sync_dates d
join idexx_sync.schedule_sync_dates one on one.sync_id = $1 and one.date = $2
where d.sync_id = $1 and d.status = 'scraped' and coalesce(d.lead, d.date) = coalesce(one.lead, one.date)
order by d.date

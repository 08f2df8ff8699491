-- When each date that a sync scraped completely was looked at last, by whomever.
select d.date, scrape.scraped_at from schedule_sync_dates d
join schedule_date_scrapes scrape on scrape.clinic_id = $1 and scrape.date = d.date
where d.sync_id = $2 and d.status = 'reconciled'
order by d.date

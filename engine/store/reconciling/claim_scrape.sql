-- Makes a scrape the newest applied one of its date; no row comes back where a newer one has been applied.
insert into schedule_date_scrapes as newest (clinic_id, date, scraped_at, sync_id)
values ($1, $2, $3, $4)
on conflict (clinic_id, date) do update set scraped_at = excluded.scraped_at, sync_id = excluded.sync_id
where (newest.scraped_at, newest.sync_id) <= (excluded.scraped_at, excluded.sync_id)
returning scraped_at

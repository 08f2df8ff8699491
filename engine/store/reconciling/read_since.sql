-- The time since which every date that a sync scraped completely has been read, and whether nothing has appeared
-- on these dates or gone missing from them since.
with looks as (
    select d.date, scrape.scraped_at from idexx_sync.schedule_sync_dates d
    join idexx_sync.schedule_date_scrapes scrape on scrape.clinic_id = $1 and scrape.date = d.date
    where d.sync_id = $2 and d.status = 'reconciled'
), oldest as (
    select min(scraped_at) as scraped_at from looks
)
select oldest.scraped_at as read_since, not exists (
    select from public.schedule_appointments a join looks using (date)
    where a.clinic_id = $1 and a.deleted_at is null
        and (a.missing_since >= oldest.scraped_at or a.appeared_at >= oldest.scraped_at)
) as is_quiet
from oldest

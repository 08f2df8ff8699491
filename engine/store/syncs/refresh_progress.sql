-- Progress never falls: dates only ever close.
update public.schedule_syncs s
set dates_done = d.done,
    failed_dates = d.failed,
    progress_percentage = greatest(s.progress_percentage, 100 * d.closed / greatest(s.dates_total, 1)),
    "current_date" = $2
from (
    select
        count(*) filter (where status = 'reconciled' or (second_look and status <> 'failed')) as done,
        count(*) filter (where status in ('reconciled', 'failed') or second_look) as closed,
        coalesce(array_agg(date::text order by date) filter (where status = 'failed'), '{}') as failed
    from idexx_sync.schedule_sync_dates where sync_id = $1
) d
where s.id = $1

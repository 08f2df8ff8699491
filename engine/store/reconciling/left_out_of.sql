-- The records that a sync left out, and whether the last completed sync that read the date left out the same one.
select s.date, r.record, coalesce(last.left_out @> jsonb_build_array(r.record), false) as is_repeated
from idexx_sync.schedule_snapshots s
join idexx_sync.schedule_sync_dates d on d.sync_id = s.sync_id and d.date = s.date and d.status = 'reconciled'
cross join lateral jsonb_array_elements(s.left_out) r (record)
left join lateral (
    select o.left_out from idexx_sync.schedule_snapshots o
    join public.schedule_syncs y on y.id = o.sync_id and y.status = 'completed' and not y.dry_run
    where o.clinic_id = s.clinic_id and o.date = s.date and o.sync_id <> s.sync_id and o.scraped_at < s.scraped_at
    order by o.scraped_at desc
    limit 1
) last on true
where s.sync_id = $1

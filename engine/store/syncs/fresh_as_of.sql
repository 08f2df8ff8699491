-- When the oldest of these dates was last read, by this sync or, if it failed, by an earlier one; null: one never
-- was.
select case when bool_and(read.at is not null) then min(read.at) end
from (
    select coalesce(
        case when d.status = 'reconciled' then d.finished_at end,
        (
            select max(e.finished_at)
            from public.schedule_syncs s join idexx_sync.schedule_sync_dates e on e.sync_id = s.id
            where s.clinic_id = $1 and not s.dry_run and e.date = d.date and e.status = 'reconciled'
        )
    ) as at
    from idexx_sync.schedule_sync_dates d
    where d.sync_id = $2 and d.date = any($3)
) read

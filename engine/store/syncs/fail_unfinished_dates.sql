-- Dates that are open when the sync ends keep their last reason. A date whose second look is cut off stays
-- reconciled.
update idexx_sync.schedule_sync_dates
set status = case when second_look then 'reconciled' else 'failed' end,
    reason = case when not second_look then coalesce(reason, 'sync_ended') end,
    message = case
        when second_look then null
        when reason is not null then message
        when status = 'scraped' then 'the sync ended before what was read of this date was stored'
        else 'the sync ended before this date was read'
    end,
    claim = null, next_try_at = null, finished_at = case when second_look then finished_at else clock_timestamp() end
where sync_id = $1 and status = any($2)

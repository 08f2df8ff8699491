-- What the latest syncs of a clinic did with one date, newest first.
select s.id as sync_id, s.status as sync_status, s.dry_run, s.created_at, d.status, d.attempts, d.reason, d.message,
    d.second_look, d.started_at, d.finished_at, d.next_try_at, d.added, d.updated, d.removed, d.unchanged
from idexx_sync.syncs s join idexx_sync.schedule_sync_dates d on d.sync_id = s.id and d.date = $2
where s.clinic_id = $1 and $2 between s.sync_start_date and s.sync_end_date
order by s.created_at desc, s.id
limit $3

-- Running and queued syncs, and the latest others, latest first; $1 null: of all clinics. The first are found by the
-- index on the table's own status.
(
    select s.*, c.slug as clinic
    from public.schedule_syncs live
    join idexx_sync.syncs s on s.id = live.id
    join idexx_sync.clinic_settings c on c.id = s.clinic_id
    where live.status in ('queued', 'in_progress') and ($1::uuid is null or live.clinic_id = $1)
) union all (
    select s.*, c.slug as clinic from idexx_sync.syncs s join idexx_sync.clinic_settings c on c.id = s.clinic_id
    where s.status not in ('queued', 'in_progress') and ($1::uuid is null or s.clinic_id = $1)
    order by s.created_at desc, s.id
    limit $2
)
order by created_at desc, id

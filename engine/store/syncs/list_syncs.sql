-- Latest first; $1 null: of all clinics. $3 null: of all times; else those that were requested, or ended, since then.
select s.*, c.slug as clinic from idexx_sync.syncs s join idexx_sync.clinic_settings c on c.id = s.clinic_id
where ($1::uuid is null or s.clinic_id = $1)
    and ($3::interval is null or coalesce(s.completed_at, s.created_at) >= clock_timestamp() - $3)
    and (not $4 or s.status in ('failed', 'timed_out') or s.partial_success)
order by s.created_at desc, s.id
limit $2

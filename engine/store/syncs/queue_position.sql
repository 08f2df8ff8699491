-- 1 is the next to start.
select count(*) from public.schedule_syncs s, public.schedule_syncs mine
where mine.id = $1 and mine.status = 'queued'
    and s.clinic_id = mine.clinic_id and s.status = 'queued' and (s.created_at, s.id) <= (mine.created_at, mine.id)

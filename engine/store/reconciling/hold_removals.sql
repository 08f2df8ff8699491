-- Holds removals for a person to decide.
insert into idexx_sync.schedule_held_removals (sync_id, appointment_id, missing_since)
select $1, a.id, a.missing_since from public.schedule_appointments a
where a.id = any ($2::uuid[]) and a.deleted_at is null and a.missing_since is not null
on conflict (sync_id, appointment_id) do update
set missing_since = excluded.missing_since, held_at = now(), decision = null, decided_at = null

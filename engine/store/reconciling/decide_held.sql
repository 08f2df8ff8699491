-- A decision about an appointment's removal applies to every sync that holds it.
update idexx_sync.schedule_held_removals set decision = $2, decided_at = now()
where appointment_id = any ($1::uuid[]) and decided_at is null

-- Stores the parts that a response had; a part that is null keeps its stored value.
insert into idexx_sync.clinic_portal_config as stored
    (clinic_id, slot_minutes, rooms, appointment_types, providers, source, read_at, hours_read_at)
values ($1, $2, $3::jsonb, $4::jsonb, $5::jsonb, $6, clock_timestamp(), case when $7 then clock_timestamp() end)
on conflict (clinic_id) do update set
    slot_minutes = coalesce(excluded.slot_minutes, stored.slot_minutes),
    rooms = coalesce(excluded.rooms, stored.rooms),
    appointment_types = coalesce(excluded.appointment_types, stored.appointment_types),
    providers = coalesce(excluded.providers, stored.providers),
    source = excluded.source, read_at = excluded.read_at,
    hours_read_at = coalesce(excluded.hours_read_at, stored.hours_read_at)

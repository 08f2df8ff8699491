insert into clinic_schedule_config as stored (clinic_id, opens, closes, days_of_week, slot_minutes, rooms)
values ($1, $2, $3, $4, $5, $6::jsonb)
on conflict (clinic_id) do update set opens = excluded.opens, closes = excluded.closes,
    days_of_week = excluded.days_of_week, slot_minutes = excluded.slot_minutes, rooms = excluded.rooms, updated_at = now()
where (stored.opens, stored.closes, stored.days_of_week, stored.slot_minutes, stored.rooms)
    is distinct from (excluded.opens, excluded.closes, excluded.days_of_week, excluded.slot_minutes, excluded.rooms)

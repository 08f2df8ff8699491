-- A rejected removal stays rejected until the appointment is seen again or somebody approves its removal; so held
-- removals are looked up by appointment, decided or not.
create index if not exists schedule_held_removals_appointment on schedule_held_removals (appointment_id);
drop index if exists schedule_held_removals_open;

-- The syncs that hold removals back, to count again what they hold.
create index if not exists schedule_syncs_held on schedule_syncs (clinic_id) where removals_held > 0;

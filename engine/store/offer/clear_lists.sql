-- Removes a clinic's windows, blocks, closed days and rules of types.
with w as (delete from idexx_sync.bookable_windows where clinic_id = $1),
    b as (delete from idexx_sync.recurring_blocks where clinic_id = $1),
    d as (delete from idexx_sync.closed_days where clinic_id = $1)
delete from idexx_sync.type_rules where clinic_id = $1

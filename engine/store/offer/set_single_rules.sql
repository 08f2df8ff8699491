-- Stores the rules with one value; `move` is the default of `conflicts`.
with chosen as (
    update public.clinics set resources = $2 where id = $1 and resources is distinct from $2
)
insert into idexx_sync.clinic_rules as stored
    (clinic_id, grid_minutes, default_minutes, notice_minutes, horizon_days, max_age_seconds, conflicts)
values ($1, $3, $4, $5, $6, $7, coalesce($8, 'move'))
on conflict (clinic_id) do update set
    grid_minutes = excluded.grid_minutes, default_minutes = excluded.default_minutes,
    notice_minutes = excluded.notice_minutes, horizon_days = excluded.horizon_days,
    max_age_seconds = excluded.max_age_seconds, conflicts = excluded.conflicts

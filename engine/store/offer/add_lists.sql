-- Stores a clinic's windows, blocks, closed days and rules of types; each list is an array of objects.
with w as (
    insert into idexx_sync.bookable_windows (clinic_id, weekday, from_minute, to_minute)
    select $1, weekday, "start", "end" from jsonb_to_recordset($2::jsonb) one (weekday smallint, "start" smallint, "end" smallint)
), b as (
    insert into idexx_sync.recurring_blocks (clinic_id, weekday, from_minute, to_minute, reason)
    select $1, weekday, "start", "end", nullif(reason, '')
    from jsonb_to_recordset($3::jsonb) one (weekday smallint, "start" smallint, "end" smallint, reason text)
), d as (
    insert into idexx_sync.closed_days (clinic_id, date, reason)
    select $1, date, nullif(reason, '') from jsonb_to_recordset($4::jsonb) one (date date, reason text)
)
insert into idexx_sync.type_rules (clinic_id, type, minutes, counts, columns)
select $1, type, minutes, counts, columns
from jsonb_to_recordset($5::jsonb) one (type text, minutes integer, counts boolean, columns text[])

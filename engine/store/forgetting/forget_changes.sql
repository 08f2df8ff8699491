-- What changed and when stays; whose it was does not. $4: the fields of a person, each null.
update idexx_sync.schedule_appointment_changes
set before = case when before is not null then jsonb_populate_record(before, $4::jsonb) end,
    after = case when after is not null then jsonb_populate_record(after, $4::jsonb) end
where clinic_id = $1
    and (appointment_id = any ($2) or (before).client_phone = any ($3) or (after).client_phone = any ($3))

-- The head of `change_on_date` and `bring_to_date`: the appointments, from arrays. Where there are many, the same
-- rows come by COPY in a temporary table of this name (`create_incoming`), which is quicker by a third.
incoming as (
    select * from unnest($5::text[], $6::time[], $7::time[], $8::timestamptz[], $9::timestamptz[], $10::text[],
        $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[])
        as incoming (neo_appointment_id, start_time, end_time, starts_at, ends_at, patient_name, client_name,
            client_phone, client_phone_raw, provider_name, room_id, appointment_type, status, notes, sync_hash)
)

-- What each read showed of the person. $4: the fields of a person, each null; $5: fields that some rows have, too.
update idexx_sync.schedule_snapshots s
set appointments = (
        select coalesce(jsonb_agg(
            case when a ->> 'neo_appointment_id' = any ($2) or a ->> 'client_phone' = any ($3) 
                then (a || $4::jsonb) - $5::text[] else a end
            order by n), '[]')
        from jsonb_array_elements(s.appointments) with ordinality as shown (a, n)
    ),
    appointment_references = s.appointment_references - $2::text[],
    left_out = (
        select coalesce(jsonb_agg(
            case when a ->> 'neo_appointment_id' = any ($2) or a ->> 'client_phone' = any ($3)
                then a || '{"patient_name": null, "client_phone": null}' else a end
            order by n), '[]')
        from jsonb_array_elements(s.left_out) with ordinality as shown (a, n)
    )
where s.clinic_id = $1
    and exists (
        select from jsonb_array_elements(s.appointments || s.left_out) a
        where a ->> 'neo_appointment_id' = any ($2) or a ->> 'client_phone' = any ($3)
    )

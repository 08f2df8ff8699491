-- The appointments of a person: by the portal's id of the client, telephone number, address or name (in lower case).
-- Removed ones, too: they keep their values.
select id, neo_appointment_id, date, start_time, end_time, patient_name, client_name, client_phone, client_phone_raw,
    client_email, neo_client_id, deleted_at is null as is_live
from public.schedule_appointments
where clinic_id = $1
    and (neo_client_id = any ($2) or client_phone = any ($3) or client_phone_raw = any ($3)
        or lower(client_email) = any ($4) or lower(client_name) = any ($5))
order by date, start_time, neo_appointment_id

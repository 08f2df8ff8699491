-- The rows stay, for counts and history: without everything that says whose they were.
update public.schedule_appointments
set patient_name = null, client_name = null, client_phone = null, client_phone_raw = null, notes = null,
    client_email = null, neo_client_id = null, neo_patient_id = null, neo_consultation_id = null,
    sync_hash = '', references_hash = null,
    removal_reason = case when removal_reason like 'cancelled:%' then 'cancelled' else removal_reason end
where id = any ($1)

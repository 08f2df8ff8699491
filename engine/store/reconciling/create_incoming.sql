create temporary table incoming (
    neo_appointment_id text, start_time time, end_time time, starts_at timestamptz, ends_at timestamptz,
    patient_name text, client_name text, client_phone text, client_phone_raw text, provider_name text, room_id text,
    appointment_type text, status text, notes text, sync_hash text
) on commit drop

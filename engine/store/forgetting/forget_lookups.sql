-- Why an appointment was cancelled is what a person has typed.
update idexx_sync.appointment_lookups set reason = null where appointment_id = any ($1) and reason is not null

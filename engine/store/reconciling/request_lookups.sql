insert into idexx_sync.appointment_lookups (sync_id, appointment_id, portal_id)
select $1, appointment_id, portal_id from unnest($2::uuid[], $3::text[]) asked (appointment_id, portal_id)
on conflict do nothing

-- What needs a person, of the kinds $2, which are those that this version knows; $1: only of this clinic, null: of all.
select key, kind, clinic, since, sync_id, details from idexx_sync.attention
where ($1::uuid is null or clinic_id = $1) and kind = any ($2::text[])

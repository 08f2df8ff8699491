insert into idexx_sync.clinic_unknown_fields (clinic_id, name)
select $1, name from unnest($2::text[]) as name
on conflict (clinic_id, name) do nothing
returning name

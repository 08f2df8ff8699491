insert into idexx_sync.clinic_portals (clinic_id, lacks_lookup_since) values ($1, clock_timestamp())
on conflict (clinic_id) do update set lacks_lookup_since = excluded.lacks_lookup_since

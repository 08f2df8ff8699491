insert into idexx_sync.clinic_portals (clinic_id, span_days, span_learnt_at) values ($1, $2, clock_timestamp())
on conflict (clinic_id) do update set span_days = excluded.span_days, span_learnt_at = excluded.span_learnt_at

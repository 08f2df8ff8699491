select span_days, span_learnt_at from idexx_sync.clinic_portals where clinic_id = $1 and span_days is not null

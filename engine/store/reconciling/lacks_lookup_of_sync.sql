select exists (
    select from idexx_sync.clinic_portals p join public.schedule_syncs s on s.clinic_id = p.clinic_id
    where s.id = $1 and p.lacks_lookup_since > clock_timestamp() - $2::interval
)

-- The zone is set wherever one is named: in the clinic, and in the configuration of another program.
with stored as (
    insert into public.clinics as known (slug, name, timezone, country)
    values ($1, $2, $3, coalesce($4, 'US'))
    on conflict (slug) do update
        set name = excluded.name, timezone = excluded.timezone, country = coalesce($4, known.country)
    returning id, slug, name, timezone, null::text as timezone_problem, country, resources
), zone as (
    update public.clinic_schedule_config s set timezone = $3
    from stored where s.clinic_id = stored.id and s.timezone <> $3
)
select stored.*, coalesce(s.sync_horizon_days, 14) as horizon_days, k.address as portal
from stored
left join idexx_sync.sealed_credentials k on k.clinic_id = stored.id
left join public.clinic_schedule_config s on s.clinic_id = stored.id and not s.from_portal

-- What a person decides after a migration: a kind, a clinic's slug or a number, its name, and why.
select 'credentials' as note, c.slug as object, c.name, null as detail from public.clinics c
where exists (select from public.idexx_credentials k where k.clinic_id = c.id)
    and not exists (select from idexx_sync.sealed_credentials k where k.clinic_id = c.id)
union all
select 'zone', c.slug, c.name, c.timezone_problem from idexx_sync.clinic_settings c where c.timezone_problem is not null
union all
select 'closed', count(*)::text, null, null from public.schedule_syncs
where error_message like 'closed by idexx-sync migrate:%' and completed_at = now()
having count(*) > 0
union all
select 'slug', c.slug, c.name, null from public.clinics c where c.slug !~ '^[a-z0-9-]{1,40}$'
order by 1, 2

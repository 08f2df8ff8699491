insert into clinics (slug, name, timezone, country)
values ($1, $2, $3, coalesce($4, 'US'))
on conflict (slug) do update
    set name = excluded.name, timezone = excluded.timezone, country = coalesce($4, clinics.country)
returning id, slug, name, timezone, country, resources

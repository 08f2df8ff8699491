insert into clinics (slug, name, timezone, country)
values ($1, $2, $3, $4)
on conflict (slug) do update set name = excluded.name, timezone = excluded.timezone, country = excluded.country
returning id, slug, name, timezone, country, resources

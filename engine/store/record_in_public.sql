insert into public.idexx_schema_migrations (name, checksum) values ($1, $2)

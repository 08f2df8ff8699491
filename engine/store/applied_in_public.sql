select name, checksum from public.idexx_schema_migrations

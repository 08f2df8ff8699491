insert into idexx_sync.idexx_schema_migrations (name, checksum) values ($1, $2)

select name, checksum from idexx_sync.idexx_schema_migrations

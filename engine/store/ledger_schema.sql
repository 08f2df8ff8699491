-- The schema in which the applied migrations are recorded; null: none was.
select case
    when to_regclass('idexx_sync.idexx_schema_migrations') is not null then 'idexx_sync'
    when to_regclass('public.idexx_schema_migrations') is not null then 'public'
end

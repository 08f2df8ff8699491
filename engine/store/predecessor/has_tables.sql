select exists (
    select from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname = any ($1::text[])
)

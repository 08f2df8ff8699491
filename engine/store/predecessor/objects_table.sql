-- As in migration 0017, which makes it where there was no predecessor.
create table idexx_sync.predecessor_objects (
    kind text not null check (kind in ('columns', 'constraint', 'function', 'index', 'option', 'open')),
    table_name text,
    name text not null,
    definition text not null,
    -- Statements that give it its owner and grants back.
    grants text not null default '',
    primary key (kind, name)
);

select to_regclass('idexx_sync.predecessor_objects') is not null

select exists (select from idexx_sync.predecessor_objects where kind = 'columns')

select repeating from idexx_sync.ids_at_several_places($1, '{}')

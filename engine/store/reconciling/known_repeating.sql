select repeating from ids_at_several_places($1, '{}')

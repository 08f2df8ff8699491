select * from idexx_sync.look_at_references($1, $2, $3, $4, $5) look cross join lateral idexx_sync.ids_at_several_places($1, look.ids) places

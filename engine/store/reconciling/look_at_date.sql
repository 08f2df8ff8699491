select * from look_at_references($1, $2, $3, $4, $5) look cross join lateral ids_at_several_places($1, look.ids) places

select * from look_at_references($1, $2, $3, $4, $5)

select * from look_at_date($1, $2, $3, $4)

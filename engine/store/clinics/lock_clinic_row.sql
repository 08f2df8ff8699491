-- Before any sync's row, as everybody does: no sync is admitted or ended meanwhile.
select id from clinics where id = $1 for no key update

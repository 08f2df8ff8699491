-- A sort that is larger than the work_mem of its transaction: PostgreSQL writes it to its disk.
select count(*) from (
    select md5(n::text) as word from generate_series(1, 20000) n order by word offset 0
) sorted

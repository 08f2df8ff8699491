drop table pg_temp.incoming

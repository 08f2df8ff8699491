-- Takes the rights on a function that default privileges gave when it was made again.
create or replace function pg_temp.revoke_everything(p_function regprocedure) returns void language plpgsql as $$
declare
    r record;
begin
    for r in
        select distinct g.grantee from pg_proc f cross join aclexplode(f.proacl) g
        where f.oid = p_function and g.grantee <> f.proowner
    loop
        execute format('revoke all on function %s from %s', p_function,
            case r.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(r.grantee)) end);
    end loop;
end $$;

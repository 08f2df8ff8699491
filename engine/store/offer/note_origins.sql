-- Records who set the rules $2, at the time of the transaction, and forgets the origins of the rules $4.
with unset as (
    delete from idexx_sync.rule_origins where clinic_id = $1 and rule = any ($4::text[])
)
insert into idexx_sync.rule_origins as stored (clinic_id, rule, set_by, set_at)
select $1, rule, $3, now() from unnest($2::text[]) rule
on conflict (clinic_id, rule) do update set set_by = excluded.set_by, set_at = excluded.set_at

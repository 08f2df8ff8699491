-- Takes $2 calls from what the sync may make, $3 in all, if that many are left; spans that run at the same time take them
-- one after the other.
with taken as (
    update public.schedule_syncs set extra_calls = extra_calls + $2 where id = $1 and extra_calls + $2 <= $3
    returning extra_calls
)
select taken.extra_calls is not null as is_taken, coalesce(taken.extra_calls, s.extra_calls) as made
from public.schedule_syncs s left join taken on true
where s.id = $1

-- Syncs are requested by programs, many times a day; decisions of people stay for longer.
delete from idexx_sync.actions where id in (
    select id from idexx_sync.actions
    where at < $1::timestamptz - case when verb = 'sync' then interval '0' else interval '700 days' end
        and (outcome is null or published_at is not null)
    limit $2
)

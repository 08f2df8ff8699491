-- One gateway at a time numbers a feed's revisions. False: it was revoked meanwhile.
select revoked_at is null from idexx_sync.calendar_feeds where id = $1 for no key update

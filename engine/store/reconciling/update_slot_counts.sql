-- An appointment that lasts past midnight takes slots of the day after the range.
select idexx_sync.recount_slots($1, $2, $3::date + 1)

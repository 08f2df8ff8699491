-- An appointment that lasts past midnight takes slots of the day after the range as well.
select idexx_sync.update_slot_counts($1, $2, $3::date + 1)

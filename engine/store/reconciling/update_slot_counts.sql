-- An appointment that lasts past midnight takes slots of the day after the range as well.
select update_slot_counts_bulk($1, $2, $3::date + 1)

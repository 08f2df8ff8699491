select update_slot_counts_bulk($1, $2, $3)

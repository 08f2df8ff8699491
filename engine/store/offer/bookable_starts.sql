select starts_at, ends_at, date, start_time, columns, column_count
from idexx_sync.bookable_starts($1, $2, $3, $4, $5, $6, $7, coalesce($8, now()))

select opens, closes, days_of_week, slot_minutes, rooms from clinic_schedule_config where clinic_id = $1

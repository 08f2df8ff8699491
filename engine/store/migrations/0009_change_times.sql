-- When a change was made, not when its transaction began: one that waited for the clinic's turn while another sync ended
-- would be told as having been made before that end.
alter table schedule_appointment_changes alter column at set default clock_timestamp();

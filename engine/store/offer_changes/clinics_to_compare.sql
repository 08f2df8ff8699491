select distinct clinic_id from idexx_sync.offer_marks

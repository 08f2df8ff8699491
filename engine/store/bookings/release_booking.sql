update public.vapi_bookings set status = 'cancelled', has_conflict = false where id = $1

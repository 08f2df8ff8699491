update public.vapi_bookings set status = 'confirmed' where id = $1 and status = 'pending'

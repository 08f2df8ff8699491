select to_regclass('public.vapi_bookings') is not null

-- Marks what holds that have ended have freed, or ($1) what the setting EXPIRED_HOLDS has changed about them.
select idexx_sync.mark_bookings('hold', array_agg(b.clinic_id), array_agg(b.id), array_agg(b.date + b.start_time))
from public.vapi_bookings b
join idexx_sync.offered_days d on d.clinic_id = b.clinic_id and d.date = b.date
join idexx_sync.clinic_settings c on c.id = b.clinic_id and b.date >= (now() at time zone coalesce(c.timezone, 'UTC'))::date
where b.status = 'pending' and b.hold_expires_at <= now() and ($1 or b.hold_expires_at > d.compared_at)

-- A slot is free as long as one of its rooms is; a day is as full as its rooms are booked.
select day::date as date, coalesce(a.appointments, 0) as appointments, coalesce(a.blocks, 0) as blocks,
    coalesce(s.free, 0) as free, coalesce(s.booked, 0) as booked, coalesce(s.capacity, 0) as capacity
from idexx_sync.clinic_settings c
cross join generate_series($2::date, $3::date, interval '1 day') day
left join lateral (
    select count(*) filter (where appointment_type is distinct from 'block') as appointments,
        count(*) filter (where appointment_type = 'block') as blocks
    from public.schedule_appointments where clinic_id = c.id and date = day::date and deleted_at is null
) a on true
left join lateral (
    select count(*) filter (where booked_count < capacity) as free,
        sum(least(booked_count, capacity))::integer as booked, sum(capacity)::integer as capacity
    from public.schedule_slots where clinic_id = c.id and date = day::date
) s on true
where c.slug = $1
order by day

-- What a clinic's calendar has on the days $2 to $3 in a feed's columns ($4) and for its provider ($5); null: all. Blocks of
-- the whole clinic and closed days are in every feed. $6: whether names are read. $7: the clinic's zone, $8: now.
with terms as (
    select t, t.rooms, t.providers from idexx_sync.offer_terms t where t.clinic_id = $1
), days as (
    select $2::date::timestamp at time zone $7 as begins, ($3::date + 1)::timestamp at time zone $7 as ends
), entries as (
    select case when a.appointment_type = 'block' then 'block' else 'appointment' end as kind, a.id::text as id,
        coalesce(a.starts_at, (a.date + a.start_time) at time zone $7) as starts_at,
        coalesce(a.ends_at, (a.date + a.end_time
            + case when a.end_time < a.start_time then interval '1 day' else interval '0' end) at time zone $7) as ends_at,
        a.status, nullif(a.room_id, '') as room_id, a.appointment_type as type, a.provider_name as provider,
        a.patient_name as patient, a.client_name as client, case when a.appointment_type = 'block' then a.notes end as title
    from public.schedule_appointments a
    -- What began earlier may last into the range.
    where a.clinic_id = $1 and a.deleted_at is null and a.status <> 'cancelled' and a.date between $2::date - 366 and $3::date
    union all
    select 'booking', b.booking_id::text, b.starts at time zone $7,
        greatest(b.ends, b.starts + coalesce(r.default_minutes, r.grid_minutes, 0) * interval '1 minute') at time zone $7,
        b.state, null, null, null, v.patient_name, v.client_name, null
    from idexx_sync.bookings_at($1, $2::date - 1, $3::date, $8) b
    join public.vapi_bookings v on v.id = b.booking_id
    left join idexx_sync.clinic_rules r on r.clinic_id = $1
    -- A hold lasts minutes, less than the time between two reads of a feed.
    where b.takes_place and b.state <> 'held'
    union all
    select 'closed_day', c.date::text, c.date::timestamp at time zone $7, (c.date + 1)::timestamp at time zone $7,
        'scheduled', null, null, null, null, null, c.reason
    from idexx_sync.closed_days c
    where c.clinic_id = $1 and c.date between $2::date and $3::date
)
select e.kind, e.id, e.starts_at, e.ends_at, e.status,
    case when $6 then coalesce(
        (select r ->> 'name' from jsonb_array_elements(x.rooms) r where r ->> 'id' = e.room_id), e.room_id
    ) else e.room_id end as column,
    case when $6 and e.kind <> 'block' then e.type end as type, case when $6 then e.provider end as provider,
    case when $6 then e.patient end as patient, case when $6 then e.client end as client,
    case when $6 then e.title end as title
from entries e cross join days g left join terms x on true
where e.starts_at < g.ends and greatest(e.ends_at, e.starts_at + interval '1 second') > g.begins
    and (
        e.kind = 'closed_day'
        or (e.kind = 'block' and e.room_id is null and e.provider is null)
        or (
            ($4::text[] is null or e.room_id = any ($4::text[]))
            and ($5::text is null or idexx_sync.is_of_provider(x.t, e.provider, e.room_id, $5))
        )
    )
order by e.starts_at, e.id

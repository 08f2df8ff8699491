-- The predecessor's functions, written from what old-database.md says of them, with the faults that it names.
create function public.generate_confirmation_number() returns text language sql volatile as $$
    select 'ODIS-' || string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', 1 + floor(random() * 36)::int, 1), '')
    from generate_series(1, 8)
$$;

create function public.get_active_sync_count(p_clinic_id uuid) returns integer language sql stable as $$
    select count(*)::integer from schedule_syncs
    where clinic_id = p_clinic_id and status = 'in_progress' and started_at > now() - interval '10 minutes'
$$;

create function public.update_slot_booked_count(p_clinic_id uuid, p_date date, p_start_time time) returns void
language sql as $$
    update schedule_slots s set booked_count = (
        select count(*) from schedule_appointments a
        where a.clinic_id = s.clinic_id and a.date = s.date and a.deleted_at is null
            and a.start_time < s.end_time and a.end_time > s.start_time
    ) + (
        select count(*) from vapi_bookings b
        where b.clinic_id = s.clinic_id and b.date = s.date and b.start_time = s.start_time
            and (b.status = 'confirmed' or b.status = 'pending' and b.hold_expires_at > now())
    )
    where s.clinic_id = p_clinic_id and s.date = p_date and s.start_time = p_start_time
$$;

create function public.update_slot_counts_bulk(p_clinic_id uuid, p_start_date date, p_end_date date)
returns table (updated_count bigint) language plpgsql as $$
begin
    perform update_slot_booked_count(p_clinic_id, s.date, s.start_time) from schedule_slots s
    where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date;
    return query select count(*) from schedule_slots s
    where s.clinic_id = p_clinic_id and s.date between p_start_date and p_end_date;
end $$;

create function public.get_available_slots(p_clinic_id uuid, p_date date)
returns table (
    slot_start time, slot_end time, capacity integer, booked_count integer, available_count integer,
    is_blocked boolean, block_reason text, last_synced_at timestamptz, is_stale boolean
) language sql stable security definer as $$
    select s.start_time, s.end_time, s.capacity, s.booked_count, greatest(s.capacity - s.booked_count, 0),
        p.name is not null, p.name, s.last_synced_at,
        coalesce(s.last_synced_at < now() - make_interval(mins => coalesce(c.stale_threshold_minutes, 60)), true)
    from schedule_slots s
    left join clinic_schedule_config c on c.clinic_id = s.clinic_id
    left join lateral (
        select b.name from clinic_blocked_periods b
        where b.clinic_id = s.clinic_id and b.is_active and extract(dow from s.date)::int = any (b.days_of_week)
            and b.start_time < s.end_time and b.end_time > s.start_time
        limit 1
    ) p on true
    where s.clinic_id = p_clinic_id and s.date = p_date
    order by s.start_time
$$;

create function public.book_slot_with_hold(
    p_clinic_id uuid, p_date date, p_time time, p_client_name text, p_client_phone text, p_patient_name text,
    p_species text default null, p_reason text default null, p_is_new_client boolean default false,
    p_vapi_call_id text default null
) returns jsonb language plpgsql security definer as $$
declare
    v_slot schedule_slots;
    v_booking vapi_bookings;
begin
    select * into v_slot from schedule_slots
    where clinic_id = p_clinic_id and date = p_date and start_time = p_time for update;
    if v_slot.id is null or v_slot.booked_count >= v_slot.capacity then
        return jsonb_build_object('success', false, 'error', 'Slot is not available', 'alternative_times', coalesce((
            select jsonb_agg(jsonb_build_object('time', to_char(date '2000-01-01' + a.slot_start, 'FMHH12:MI AM'),
                'available', a.available_count))
            from (
                select * from get_available_slots(p_clinic_id, p_date) where available_count > 0 and not is_blocked limit 5
            ) a
        ), '[]'));
    end if;
    insert into vapi_bookings (clinic_id, slot_id, date, start_time, client_name, client_phone, patient_name, species,
        reason, is_new_client, vapi_call_id, confirmation_number, hold_expires_at)
    values (p_clinic_id, v_slot.id, p_date, p_time, p_client_name, p_client_phone, p_patient_name, p_species, p_reason,
        p_is_new_client, p_vapi_call_id, generate_confirmation_number(), now() + interval '5 minutes')
    returning * into v_booking;
    perform update_slot_booked_count(p_clinic_id, p_date, p_time);
    return jsonb_build_object('success', true, 'booking_id', v_booking.id,
        'confirmation_number', v_booking.confirmation_number, 'slot_id', v_slot.id);
end $$;

create function public.auto_reschedule_conflicts(p_clinic_id uuid, p_date date)
returns table (booking_id uuid, old_time time, new_time time, client_name text, patient_name text)
language plpgsql security definer as $$
begin
    return query
    with marked as (
        update vapi_bookings b set has_conflict = true from schedule_slots s
        where b.clinic_id = p_clinic_id and b.date = p_date and s.id = b.slot_id and s.booked_count > s.capacity
            and b.status in ('pending', 'confirmed')
        returning b.*
    )
    select m.id, m.start_time, null::time, m.client_name, m.patient_name from marked m;
end $$;

revoke execute on function public.update_slot_counts_bulk(uuid, date, date), public.get_active_sync_count(uuid)
    from public, anon;
grant execute on function public.update_slot_counts_bulk(uuid, date, date), public.get_active_sync_count(uuid)
    to authenticated, service_role;

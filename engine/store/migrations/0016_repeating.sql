-- Repeating records share the portal's id. Each occurrence is a row of its own, whose `neo_appointment_id` is the portal's id
-- with the local start behind it (engine/repeating.py).
alter table schedule_appointments add column if not exists portal_appointment_id text generated always as (
    regexp_replace(neo_appointment_id, '@\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$', '')
) stored;
create index if not exists schedule_appointments_repeating on schedule_appointments (clinic_id, portal_appointment_id)
    where portal_appointment_id <> neo_appointment_id and deleted_at is null;

-- What is known of a clinic's ids at several places: those that repeat, and those that a second date shows as well, which is
-- a move or a repetition. In PL/pgSQL it reads what is there when it runs, after the clinic's turn has come.
-- `p_ids` is what stands on the date: it makes the call depend on the look that takes the turn.
create or replace function ids_at_several_places(p_clinic_id uuid, p_ids text[])
returns table (repeating text[], contested text[]) language plpgsql as $$
begin
    return query select
        (select array_agg(distinct a.portal_appointment_id) from schedule_appointments a
            where a.clinic_id = p_clinic_id and a.portal_appointment_id <> a.neo_appointment_id and a.deleted_at is null),
        (select array_agg(distinct s.neo_appointment_id) from schedule_second_sightings s
            where s.clinic_id = p_clinic_id);
end $$;

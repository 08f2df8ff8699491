-- What needs a person: one row for each thing and clinic, for the overview, the page, the command line and webhooks.

-- Since when the portal has refused the credentials of a clinic.
create table if not exists idexx_sync.login_failures (
    clinic_id uuid primary key references public.clinics (id) on delete cascade,
    since timestamptz not null default clock_timestamp()
);
alter table idexx_sync.login_failures enable row level security;
insert into idexx_sync.login_failures (clinic_id, since)
select c.id, coalesce(k.updated_at, now()) from public.clinics c
left join idexx_sync.sealed_credentials k on k.clinic_id = c.id
where c.login_failure is not null
on conflict (clinic_id) do nothing;

-- By a trigger, since processes of the version before write `login_failure` as well.
create or replace function idexx_sync.note_login_failure() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if new.login_failure is null then
        delete from idexx_sync.login_failures where clinic_id = new.id;
    else
        insert into idexx_sync.login_failures (clinic_id) values (new.id) on conflict (clinic_id) do nothing;
    end if;
    return null;
end $$;
create or replace trigger idexx_sync_note_login_failure after update of login_failure on public.clinics for each row
    when (new.login_failure is distinct from old.login_failure)
    execute function idexx_sync.note_login_failure();

-- The last sync of a clinic that left nothing out, and the last that completed.
create index if not exists schedule_syncs_whole on public.schedule_syncs (clinic_id, created_at desc)
    where status = 'completed' and not dry_run and partial_success is not true;
create index if not exists schedule_syncs_completed on public.schedule_syncs (clinic_id, completed_at desc)
    where status = 'completed' and not dry_run;

-- `key` stays the same, and `since` too, while the thing lasts. `details` has counts, dates and reasons, and no names.
create or replace view idexx_sync.attention with (security_invoker = true) as
-- Removals that wait for a decision. A later sync holds those that it still misses once more: they belong to the first.
select 'held_removals:' || h.sync_id as key, 'held_removals' as kind, h.clinic_id, c.slug as clinic,
    min(h.held_at) as since, h.sync_id,
    jsonb_build_object('removals', count(*), 'first_date', min(h.date), 'last_date', max(h.date)) as details
from (
    select distinct on (h.appointment_id) h.sync_id, h.held_at, a.clinic_id, a.date
    from idexx_sync.schedule_held_removals h
    join public.schedule_appointments a
        on a.id = h.appointment_id and a.deleted_at is null and a.missing_since = h.missing_since
    where h.decided_at is null
    order by h.appointment_id, h.held_at, h.sync_id
) h
join idexx_sync.clinic_settings c on c.id = h.clinic_id
group by h.sync_id, h.clinic_id, c.slug
union all
-- Credentials that the portal refuses, or that are missing.
select 'credentials:' || c.id, 'credentials', c.id, c.slug,
    case when c.login_failure is null then p.created_at else coalesce(f.since, k.updated_at, p.created_at) end, null,
    jsonb_build_object('reason', coalesce(c.login_failure, 'no_credentials'))
from idexx_sync.clinic_settings c
join public.clinics p on p.id = c.id
left join idexx_sync.sealed_credentials k on k.clinic_id = c.id
left join idexx_sync.login_failures f on f.clinic_id = c.id
where c.login_failure is not null or k.clinic_id is null
union all
-- The last sync that ended left dates out: since the first that did so after one that was whole.
select 'failing_dates:' || c.id, 'failing_dates', c.id, c.slug, begun.completed_at, ended.id,
    jsonb_build_object('reason', cause.reason, 'dates', cause.dates, 'first_date', cause.first_date,
        'last_date', cause.last_date)
from idexx_sync.clinic_settings c
join idexx_sync.sealed_credentials k on k.clinic_id = c.id
cross join lateral (
    select s.id, s.status, s.partial_success from idexx_sync.syncs s
    where s.clinic_id = c.id and s.status in ('completed', 'failed', 'timed_out') and not s.dry_run
    order by s.created_at desc
    limit 1
) ended
cross join lateral (
    -- Dates that the end of the sync closed do not show what ended it.
    select case when ended.status = 'timed_out' then 'timed_out' else coalesce(
            mode() within group (order by d.reason) filter (where d.reason <> 'sync_ended'), min(d.reason), 'failed'
        ) end as reason, count(d.date) as dates, min(d.date) as first_date, max(d.date) as last_date
    from idexx_sync.schedule_sync_dates d
    where d.sync_id = ended.id and d.status = 'failed'
) cause
left join lateral (
    select s.created_at from public.schedule_syncs s
    where s.clinic_id = c.id and s.status = 'completed' and not s.dry_run and s.partial_success is not true
    order by s.created_at desc
    limit 1
) whole on true
cross join lateral (
    select s.completed_at from idexx_sync.syncs s
    where s.clinic_id = c.id and s.status in ('completed', 'failed', 'timed_out') and not s.dry_run
        and s.completed_at is not null and s.created_at > coalesce(whole.created_at, '-infinity')
    order by s.created_at
    limit 1
) begun
where (ended.status <> 'completed' or ended.partial_success) and c.login_failure is null
union all
-- The calendar is older than the clinic's goal. Without credentials that work, those are the row.
select 'goal_missed:' || c.id, 'goal_missed', c.id, c.slug,
    case when last.completed_at is null then p.created_at
        else coalesce(last.fresh_as_of + c.max_age_seconds * interval '1 second', last.completed_at) end,
    null, jsonb_build_object('max_age_seconds', c.max_age_seconds, 'fresh_as_of', last.fresh_as_of)
from idexx_sync.clinic_settings c
join public.clinics p on p.id = c.id
join idexx_sync.sealed_credentials k on k.clinic_id = c.id
left join lateral (
    select s.completed_at, s.fresh_as_of from public.schedule_syncs s
    where s.clinic_id = c.id and s.status = 'completed' and not s.dry_run
        and s.completed_at is not null
    order by s.completed_at desc
    limit 1
) last on true
where c.max_age_seconds is not null and c.login_failure is null
    and coalesce(last.fresh_as_of < now() - c.max_age_seconds * interval '1 second', true)
union all
-- Bookings by telephone from today on: their hold has expired, or the portal has filled their slot.
select 'booking_to_settle:' || b.id, 'booking_to_settle', c.id, c.slug,
    case when b.has_conflict then b.created_at else b.hold_expires_at end, null,
    jsonb_build_object('booking_id', b.id, 'reason', case when b.has_conflict then 'conflict' else 'hold_expired' end,
        'date', b.date, 'start_time', b.start_time)
from idexx_sync.clinic_settings c
join public.vapi_bookings b
    on b.clinic_id = c.id and b.date >= (now() at time zone coalesce(c.timezone, 'UTC'))::date
where (
        (b.has_conflict and b.status in ('pending', 'confirmed', 'rescheduled'))
        or (b.status = 'pending' and b.hold_expires_at <= now()
            and (select s.expired_holds from idexx_sync.booking_settings s) = 'count')
    )
    and not exists (
        select from idexx_sync.booking_matches m where m.booking_id = b.id and m.starts = b.date + b.start_time
    )
union all
-- Syncs of a clinic without a time zone are refused.
select 'time_zone:' || c.id, 'time_zone', c.id, c.slug, p.created_at, null,
    jsonb_build_object('problem', c.timezone_problem)
from idexx_sync.clinic_settings c
join public.clinics p on p.id = c.id
where c.timezone_problem is not null;

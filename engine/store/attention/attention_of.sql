-- What needs a person in the clinics $1, of the kinds $2; a goal counts as missed after $3 seconds.
select key, kind, clinic, since, sync_id, details from idexx_sync.attention
where clinic_id = any ($1::uuid[]) and kind = any ($2::text[])
    and (kind <> 'goal_missed' or since < clock_timestamp() - $3 * interval '1 second')

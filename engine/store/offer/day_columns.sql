-- The columns of a clinic's calendar, in the portal's order.
select room.id, room.name, t.resources is not null and counting.id is not null as counts
from idexx_sync.offer_terms t
cross join lateral (
    select r ->> 'id' as id, r ->> 'name' as name, rank from jsonb_array_elements(t.rooms) with ordinality x (r, rank)
    union all
    select r, null, 1000000 + rank from unnest(t.resources) with ordinality x (r, rank) where t.rooms is null
) room
left join idexx_sync.columns_of(t, null, null) counting on counting.id = room.id
where t.clinic_id = $1
order by room.rank

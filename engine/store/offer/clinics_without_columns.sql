select c.slug from public.clinics c join idexx_sync.clinic_portal_config p on p.clinic_id = c.id
where c.resources is null and p.rooms is not null order by c.slug

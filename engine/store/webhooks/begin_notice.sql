insert into idexx_sync.attention_notices (key, clinic_id, item)
select $1, c.id, $3::jsonb from public.clinics c where c.slug = $2

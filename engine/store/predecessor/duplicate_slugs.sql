select slug from public.clinics group by slug having count(*) > 1 order by slug

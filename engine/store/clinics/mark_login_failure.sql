-- Marks only the credentials of $3: nothing is known of others that were set since.
update public.clinics c set login_failure = $2
where c.id = $1 and c.login_failure is distinct from $2
    and exists (select from idexx_sync.sealed_credentials k where k.clinic_id = c.id and k.updated_at = $3)

-- Bookings by telephone: numbers are stored as they were said, so their last nine digits are compared.
delete from public.vapi_bookings
where clinic_id = $1
    and (right(regexp_replace(client_phone, '\D', '', 'g'), 9)
            = any (select right(regexp_replace(phone, '\D', '', 'g'), 9) from unnest($2::text[]) phone
                where length(regexp_replace(phone, '\D', '', 'g')) >= 7)
        or lower(client_name) = any ($3))

select distinct address from idexx_sync.sealed_credentials where address is not null order by address limit $1

select lock_clinic($1)

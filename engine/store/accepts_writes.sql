-- False on a standby, and while default_transaction_read_only is on.
select current_setting('transaction_read_only') = 'off'

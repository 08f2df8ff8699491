-- A session is cheap: its clinic signs in once more, and the new one is sealed with the new key.
delete from idexx_sessions where key_id <> $1

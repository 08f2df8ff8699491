-- Dropping a session is cheap: its clinic signs in once more, and the new session is sealed with the new key.
delete from idexx_sync.idexx_sessions where key_id <> $1

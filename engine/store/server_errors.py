"""Classifies asyncpg's errors: the server is unavailable, or it does not accept a statement."""

from __future__ import annotations

import asyncpg

from engine.errors import Unavailable

_READ_ONLY = "25006"
_DISK_FULL = "53100"

#: A named prepared statement is missing, or exists already: a pooler has lent another session of the server.
_ANOTHER_SESSION = ("26000", "42P05")

#: SQLSTATE prefixes of an unavailable server: no connection (08), out of resources (53), session ended by the
#: server (57P0: shutdown, crash, recovery, database dropped, idle), a read-only server, a pooler's other session.
_AWAY = ("08", "53", "57P0", _READ_ONLY, *_ANOTHER_SESSION)

#: SQLSTATE classes whose messages name things of the schema or the server, and never quote a row.
_HARMLESS_WORDS = {"08", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"}

#: A table, column, function or type does not exist: the program is newer than the database.
_MISSING = {"42P01", "42703", "42883", "42704"}

_RETRY_AFTER_MS = 1000


class StatementRefused(Exception):
    """PostgreSQL, or asyncpg, did not accept a statement.

    The original message may quote the row: it would carry names and numbers into logs, dead letters and error
    reports. So only parts without personal data are included, and the original is not chained.
    """


class NoAnswer(Exception):
    """The server did not respond to a statement. Its cause is asyncpg's OSError or TimeoutError."""


def is_away(error: asyncpg.PostgresError) -> bool:
    """Whether the server is unavailable: the connection is useless, and the same statement may succeed later."""
    return (error.sqlstate or "").startswith(_AWAY)


def is_another_session(error: BaseException) -> bool:
    """Whether a pooler has run a statement in another session than the one in which it was prepared."""
    return getattr(error, "sqlstate", None) in _ANOTHER_SESSION


def unavailable(error: BaseException, timeout: float) -> Unavailable:
    """The error for callers if the server is unavailable; `timeout` (seconds) is how long it was waited for."""
    if isinstance(error, TimeoutError):
        message = (
            f"PostgreSQL does not respond within {timeout:g} s; check that it runs, that "
            "DATABASE_URL is right, and, in pg_stat_activity, whether a statement waits for a "
            "lock; then try again"
        )
    else:
        state = str(getattr(error, "sqlstate", ""))
        words = f"({type(error).__name__}: {error})"
        message = _NAMED.get(state, _NO_ANSWER).format(words)
    return Unavailable(message, retry_after_ms=_RETRY_AFTER_MS)


def read_only() -> Unavailable:
    """The error for callers if the server was found to accept no writes."""
    return Unavailable(_NAMED[_READ_ONLY].format("(transaction_read_only is on)"), retry_after_ms=_RETRY_AFTER_MS)


def refused(error: asyncpg.PostgresError) -> StatementRefused:
    """The error for callers if the server responds and does not accept the statement."""
    state = error.sqlstate or ""
    names = ("constraint_name", "table_name", "column_name", "data_type_name")
    details = [state, *(str(value) for name in names if (value := getattr(error, name, None)))]
    words = f": {error.args[0]}" if state[:2] in _HARMLESS_WORDS and error.args else ""
    remedy = "; run `idexx-sync migrate` if this version has just been installed" if state in _MISSING else ""
    return StatementRefused(f"{type(error).__name__} ({', '.join(filter(None, details))}){words}{remedy}")


_NO_ANSWER = "PostgreSQL does not respond {}; check that it runs and that DATABASE_URL is right, then try again"
_NAMED = {
    _READ_ONLY: (
        "PostgreSQL accepts no writes {}: it is a standby, or default_transaction_read_only is on; wait for the end "
        "of the failover, or have DATABASE_URL name the primary"
    ),
    **dict.fromkeys(
        _ANOTHER_SESSION,
        "A pooler in transaction mode has lent another session {}; if DATABASE_POOL_MODE is session, set it to "
        "transaction, or DATABASE_URL to a port in session mode; then try again",
    ),
    _DISK_FULL: "The disk of PostgreSQL is full {}; free space on its machine, then try again",
}

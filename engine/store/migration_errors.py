"""Errors of a migration. A failure leaves the database as it was; each message names the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from engine.errors import EngineError


class MigrationError(EngineError):
    """Base: the database cannot be migrated as it is. Nothing was changed."""

    code = 409
    reason = "cannot_migrate"


class MigrationChanged(MigrationError):
    """A migration file differs from the one that was applied under its name."""


class WrongEncoding(MigrationError):
    """The database cannot store every character."""


class DoesNotFit(MigrationError):
    """Something in the database does not fit; found before anything was touched."""


class CannotUndo(MigrationError):
    """The predecessor's database cannot be given back as it is."""


class StatementFailed(MigrationError):
    """PostgreSQL refused a statement of a migration; code and reason by its SQLSTATE."""

    def __init__(self, message: str, state: str) -> None:
        super().__init__(message)
        self.code, self.reason = _KINDS.get(state, (500, "statement_failed"))


#: Code and reason by SQLSTATE: a lock or a full disk can pass, and a lack of permission is one.
_KINDS = {
    "55P03": (503, "unavailable"),
    "40P01": (503, "unavailable"),
    "53100": (503, "unavailable"),
    "42501": (403, "no_permission"),
}

#: Remedies by SQLSTATE.
_REMEDIES = {
    "55P03": "another transaction holds a lock: end it (pg_stat_activity, pg_locks), or wait, then run it again",
    "40P01": "it waited for a transaction that waited for it: stop the programs around it for a minute",
    "42501": "connect as the owner of the tables, or have their owner run it",
    "2BP01": "another program's object depends on it: drop that, migrate, and make it again",
    "53100": "free space on the disk of PostgreSQL",
}
_OTHER = "`idexx-sync migrate --check` shows what does not fit"


@contextmanager
def naming(migration: str, statement: str) -> Iterator[None]:
    """Raises `StatementFailed` for an error of PostgreSQL; it names the table, the statement and the remedy."""
    try:
        yield
    except asyncpg.PostgresError as error:
        state = error.sqlstate or ""
        table = getattr(error, "table_name", None)
        of_table = f" table {table}:" if table else ""
        where = f" ({_first_line(context)})" if (context := getattr(error, "context", None)) else ""
        raise StatementFailed(
            f"migration {migration}:{of_table} {error.args[0]}{where}, in “{_first_line(statement)}”; "
            f"nothing was changed; {_REMEDIES.get(state, _OTHER)}",
            state,
        ) from None


def _first_line(text: str) -> str:
    """The first line that is not a comment."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("--")]
    return lines[0] if lines else ""

"""Applies the migrations in `migrations/`, in order, each once.

All that are missing are one transaction, under an advisory lock: a failure leaves the database as it was, and two
processes that migrate at once take turns. The lock belongs to the transaction, so it holds through a pooler.

Our tables lie in the schema `idexx_sync` since migration 0017; the files before it name none. So on a database that is
empty, or that belongs to the predecessor, these files run with `search_path = idexx_sync` and collide with nothing; on
an installation of ours that is older than 0017 they run in `public`, where its tables and its ledger lie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import asyncpg

from engine.store.database import Connection
from engine.store.migration_errors import DoesNotFit, MigrationChanged, WrongEncoding, naming
from engine.store.predecessor import Check, check_public, is_predecessor, save_objects
from engine.store.queries import Queries
from engine.store.statements import split

__all__ = [
    "FOLDER",
    "JOINED",
    "MigrationChanged",
    "WrongEncoding",
    "check",
    "migrate",
    "pending",
    "wrong_encoding",
]

SQL = Queries(__file__)

FOLDER = Path(__file__).parent / "migrations"

#: The first migration whose names are qualified: it moves our tables to their own schema.
JOINED = "0017"

#: Any fixed number that nothing else in the database locks.
_LOCK = 0x1DE5_5EC5

#: How long a statement may wait for another transaction's lock, while everything behind it waits as well.
LOCK_TIMEOUT = "15s"


async def migrate(
    connection: asyncpg.Connection, folder: Path = FOLDER, *, accepted: Collection[str] = ()
) -> list[str]:
    """Brings the schema up to date; returns the names of the migrations that were applied now.

    Raises `DoesNotFit` before it touches anything; `accepted` names constraints of other programs that may stay.
    """
    if reason := wrong_encoding(connection):
        raise WrongEncoding(reason)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(SQL["set_local"], "lock_timeout", LOCK_TIMEOUT)
        if not (missing := await _missing(connection, folder)):
            return []
        if any(name >= JOINED for name, _ in missing):
            await _require_fit(connection, accepted)
        if await connection.fetchval(SQL["ledger_schema"]) is None:
            await _begin(connection)
        for name, text in missing:
            await _apply(connection, name, text)
        return [name for name, _ in missing]


async def check(connection: Connection, accepted: Collection[str] = ()) -> Check:
    """What `migrate` would do, and what would stop it. Reads only."""
    schema = await connection.fetchval(SQL["ledger_schema"])
    before = "predecessor" if await is_predecessor(connection) else "empty"
    start = before if schema is None else "ours"
    return await check_public(connection, start, moves_ours=schema == "public", accepted=accepted)


async def _require_fit(connection: Connection, accepted: Collection[str]) -> None:
    if problems := (await check(connection, accepted)).problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise DoesNotFit(f"the database does not fit, and nothing was changed:\n{listed}")


async def _begin(connection: Connection) -> None:
    """Makes our schema with its ledger, and notes what a predecessor's database has."""
    has_predecessor = await is_predecessor(connection)
    await connection.execute(SQL["begin_ledger"])
    if has_predecessor:
        await save_objects(connection)


def wrong_encoding(connection: Connection) -> str | None:
    """Why the database cannot be used, in one sentence; None if its encoding is UTF8."""
    encoding: str = connection.get_settings().server_encoding
    if encoding == "UTF8":
        return None
    return (
        f"the database's encoding is {encoding}, which cannot store every name; create a new "
        "database: create database … encoding 'UTF8' template template0"
    )


async def pending(connection: Connection, folder: Path = FOLDER) -> list[str]:
    """The names of the migrations that the database lacks."""
    known = await _known(connection)
    return [name for name, _ in _read(folder) if name not in known]


async def _missing(connection: Connection, folder: Path) -> list[tuple[str, str]]:
    """The migrations to apply. Raises `MigrationChanged` if one that was applied has another text now."""
    known = await _known(connection)
    for name, text in _read(folder):
        if known.get(name, _checksum(text)) != _checksum(text):
            raise MigrationChanged(
                f"migration {name} was changed after it had been applied; restore its text and write "
                "the change as a new migration"
            )
    return [(name, text) for name, text in _read(folder) if name not in known]


async def _known(connection: Connection) -> dict[str, str]:
    schema = await connection.fetchval(SQL["ledger_schema"])
    if schema is None:
        return {}
    rows = await connection.fetch(SQL[f"applied_in_{schema}"])
    return {row["name"]: row["checksum"] for row in rows}


def _read(folder: Path) -> list[tuple[str, str]]:
    return [(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))]


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def _apply(connection: asyncpg.Connection, name: str, text: str) -> None:
    schema = await connection.fetchval(SQL["ledger_schema"])
    # Since 0017 every name is qualified, and one that is not shall fail here.
    path = "pg_catalog" if name >= JOINED else schema
    await connection.execute(SQL["set_local"], "search_path", f"{path}, pg_temp")
    for statement in split(text):
        with naming(name, statement):
            await connection.execute(statement)
    schema = await connection.fetchval(SQL["ledger_schema"])
    await connection.execute(SQL[f"record_in_{schema}"], name, _checksum(text))

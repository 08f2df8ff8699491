"""Applies the migrations in `migrations/`, in order, each once, under an advisory lock.

Each file and the row that records it are one transaction, so a crash leaves nothing half done, and two processes
that migrate at once take turns.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import asyncpg

from engine.store.database import Connection

FOLDER = Path(__file__).parent / "migrations"

#: Any fixed number that nothing else in the database locks.
_LOCK = 0x1DE5_5EC5

_LEDGER = """
create table if not exists idexx_schema_migrations (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
)
"""


class MigrationChanged(Exception):
    """A migration file differs from the one that was applied under its name."""


class WrongEncoding(Exception):
    """The database cannot store every character."""


async def migrate(connection: asyncpg.Connection, folder: Path = FOLDER) -> list[str]:
    """Brings the schema up to date; returns the names of the migrations that were applied now."""
    if reason := wrong_encoding(connection):
        raise WrongEncoding(reason)
    await connection.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(_LEDGER)
        rows = await connection.fetch("select name, checksum from idexx_schema_migrations")
        known = {row["name"]: row["checksum"] for row in rows}
        return [name for name, text in _read(folder) if await _apply(connection, name, text, known)]
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _LOCK)


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
    exists = await connection.fetchval("select to_regclass('idexx_schema_migrations') is not null")
    known = (
        {row["name"] for row in await connection.fetch("select name from idexx_schema_migrations")}
        if exists
        else set()
    )
    return [name for name, _ in _read(folder) if name not in known]


def _read(folder: Path) -> list[tuple[str, str]]:
    return [(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))]


async def _apply(connection: asyncpg.Connection, name: str, text: str, known: dict[str, str]) -> bool:
    checksum = hashlib.sha256(text.encode()).hexdigest()
    if name in known:
        if known[name] != checksum:
            raise MigrationChanged(
                f"migration {name} was changed after it had been applied; restore its text and write "
                "the change as a new migration"
            )
        return False
    async with connection.transaction():
        await connection.execute(text)
        await connection.execute(
            "insert into idexx_schema_migrations (name, checksum) values ($1, $2)", name, checksum
        )
    return True

"""Keeps the cursor in SQLite, with aiosqlite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosqlite

from .store import TABLE


class SqliteStore:
    """A connection of aiosqlite that nothing else writes with. `async with batch as connection` yields it."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        await self._connection.execute("begin immediate")
        try:
            yield self._connection
        except BaseException:
            await self._connection.rollback()
            raise
        await self._connection.commit()

    async def load(self, transaction: aiosqlite.Connection, name: str) -> str | None:
        await transaction.execute(
            f"create table if not exists {TABLE} (name text primary key, cursor text not null)"
        )
        async with transaction.execute(f"select cursor from {TABLE} where name = ?", (name,)) as rows:  # noqa: S608
            row = await rows.fetchone()
        return None if row is None else str(row[0])

    async def save(self, transaction: aiosqlite.Connection, name: str, cursor: str) -> None:
        await transaction.execute(f"insert or replace into {TABLE} values (?, ?)", (name, cursor))  # noqa: S608

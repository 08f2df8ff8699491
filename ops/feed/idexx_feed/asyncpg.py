"""Keeps the cursor in PostgreSQL, with asyncpg."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from .store import TABLE

if TYPE_CHECKING:
    from asyncpg import Connection, Pool
    from asyncpg.pool import PoolConnectionProxy

    AsyncpgTransaction: TypeAlias = "Connection[Any] | PoolConnectionProxy[Any]"


class AsyncpgStore:
    """A pool of asyncpg. `async with batch as connection` yields a connection in a transaction."""

    def __init__(self, pool: Pool[Any], table: str = TABLE) -> None:
        self._pool = pool
        self._table = table

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncpgTransaction]:
        async with self._pool.acquire() as connection, connection.transaction():
            yield connection

    async def load(self, transaction: AsyncpgTransaction, name: str) -> str | None:
        if await transaction.fetchval("select to_regclass($1) is null", self._table):
            # `if not exists` alone fails where two transactions create it at once.
            await transaction.execute("select pg_advisory_xact_lock(hashtext($1))", self._table)
            await transaction.execute(
                f"create table if not exists {self._table} (name text primary key, cursor text not null)"
            )
        # One statement that waits for the row, and one that reads it after the wait.
        await transaction.execute(
            f"insert into {self._table} values ($1, '') on conflict (name) do update set cursor = {self._table}.cursor",  # noqa: S608
            name,
        )
        found: str | None = await transaction.fetchval(f"select cursor from {self._table} where name = $1", name)  # noqa: S608
        return found

    async def save(self, transaction: AsyncpgTransaction, name: str, cursor: str) -> None:
        await transaction.execute(f"update {self._table} set cursor = $2 where name = $1", name, cursor)  # noqa: S608

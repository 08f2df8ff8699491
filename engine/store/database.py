"""The pool, transactions, and the rim at which asyncpg's errors become ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
from asyncpg.connection import LoggedQuery
from asyncpg.pool import PoolConnectionProxy

from engine.errors import Unavailable

#: What every function of the store takes: a connection, mostly inside the caller's transaction.
Connection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"

_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What a statement gets that begins on a connection which is being lost at this moment.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


#: The classes of SQLSTATE whose words name things of the schema or the server, and never quote a row.
_TELLING = {"08", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"}


#: What is said of a table, column, function or type that is not there: the program is newer than the database.
_LACKING = {"42P01", "42703", "42883", "42704"}


class StatementRefused(Exception):
    """PostgreSQL, or asyncpg, did not accept a statement.

    Their own words may quote the row: they would carry names and numbers into logs, dead letters and error
    reports. So only what cannot be anybody's is told, and the original is not chained.
    """


class Database:
    """One pool per process. `timeout` (seconds) bounds the wait for a connection and for each statement.

    `observe` is told of each statement that has ended.
    """

    def __init__(
        self,
        url: str,
        *,
        size: int = 8,
        timeout: float = 15.0,
        observe: Callable[[LoggedQuery], None] | None = None,
    ) -> None:
        self._url = url
        self._size = size
        self._timeout = timeout
        self._observe = observe
        self._pool: asyncpg.Pool[Any] | None = None
        self._opening = asyncio.Lock()

    async def _open_pool(self) -> asyncpg.Pool[Any]:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=1,
                    max_size=self._size,
                    timeout=self._timeout,
                    command_timeout=self._timeout,
                    server_settings={"application_name": "idexx-sync"},
                    init=self._prepare,
                )
            return self._pool

    async def _prepare(self, connection: Connection) -> None:
        if self._observe is not None:
            connection.add_query_logger(self._observe)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction: committed at the end, rolled back on any exception.

        Raises `Unavailable` if the server is away, also when it goes in the middle.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Raises `Unavailable`, and `StatementRefused` for what PostgreSQL, or asyncpg, does not accept."""
        try:
            pool = await self._open_pool()
            async with pool.acquire(timeout=self._timeout) as connection:
                yield connection
        except TimeoutError as error:
            raise Unavailable(
                f"PostgreSQL does not answer within {self._timeout:g} s; check that it runs, that DATABASE_URL is "
                "right, and, in pg_stat_activity, whether a statement waits for a lock; then try again",
                retry_after_ms=1000,
            ) from error
        except _AWAY as error:
            raise Unavailable(
                f"PostgreSQL does not answer ({type(error).__name__}: {error}); "
                "check that it runs and that DATABASE_URL is right, then try again",
                retry_after_ms=1000,
            ) from error
        except asyncpg.PostgresError as error:
            raise _refused(error) from None

    async def close(self) -> None:
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), timeout=5)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None


def _refused(error: asyncpg.PostgresError) -> StatementRefused:
    state = error.sqlstate or ""
    names = ("constraint_name", "table_name", "column_name", "data_type_name")
    told = [state, *(str(value) for name in names if (value := getattr(error, name, None)))]
    words = f": {error.args[0]}" if state[:2] in _TELLING and error.args else ""
    remedy = "; run `idexx-sync migrate` if this version has just been installed" if state in _LACKING else ""
    return StatementRefused(f"{type(error).__name__} ({', '.join(filter(None, told))}){words}{remedy}")

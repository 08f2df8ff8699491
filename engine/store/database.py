"""The connection pool and transactions; maps asyncpg's errors to the engine's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeAlias, cast

import asyncpg
from asyncpg.connection import LoggedQuery
from asyncpg.pool import PoolConnectionProxy

from engine.store.connecting import Connector
from engine.store.pool_mode import PoolMode
from engine.store.queries import Queries
from engine.store.server_errors import NoAnswer, is_another_session, is_away, read_only, refused, unavailable

SQL = Queries(__file__)

#: How long a connection may be idle; one stays. Each takes several MiB of the server, for what it has cached.
IDLE_SECONDS = 45.0

#: Errors that asyncpg raises itself, whatever the code around a statement does.
_ASYNCPGS_OWN = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

#: The first argument of every function of the store: a connection, mostly inside the caller's transaction.
Connection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"


class _Connection(asyncpg.Connection):
    """Raises NoAnswer for asyncpg's OSError or TimeoutError, which other code around a statement may raise."""

    #: Whether the session is only lent to it, for each transaction, by a pooler.
    is_pooled = False
    _was_interrupted = False

    def get_reset_query(self) -> str:
        """The query before the connection's next use: asyncpg's clears what is left in the session.

        A pooled connection leaves nothing, and that query would clear another client's session. After an
        interruption any query will do: it ends a statement that was parsed and not executed.
        """
        if not self.is_pooled:
            return super().get_reset_query()
        query, self._was_interrupted = "select" if self._was_interrupted else "", False
        return query

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        with self._awaiting_the_server():
            return await super().execute(*arguments, **options)

    async def executemany(self, *arguments: Any, **options: Any) -> Any:
        with self._awaiting_the_server():
            return await super().executemany(*arguments, **options)

    async def fetch(self, *arguments: Any, **options: Any) -> Any:
        with self._awaiting_the_server():
            return await super().fetch(*arguments, **options)

    async def fetchrow(self, *arguments: Any, **options: Any) -> Any:
        with self._awaiting_the_server():
            return await super().fetchrow(*arguments, **options)

    async def fetchval(self, *arguments: Any, **options: Any) -> Any:
        with self._awaiting_the_server():
            return await super().fetchval(*arguments, **options)

    @contextmanager
    def _awaiting_the_server(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._was_interrupted = True
            if isinstance(error, OSError | TimeoutError):
                raise NoAnswer from error
            raise


class Database:
    """The connection pool of a process. `timeout` (seconds) limits the wait for a connection and for each
    statement.

    `observe` is called with each statement that has ended.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_mode: PoolMode = PoolMode.AUTO,
        size: int = 8,
        timeout: float = 15.0,
        observe: Callable[[LoggedQuery], None] | None = None,
    ) -> None:
        self._connector = Connector(url, pool_mode)
        self._size = size
        self._timeout = timeout
        self._observe = observe
        self._pool: asyncpg.Pool[Any] | None = None
        self._opening = asyncio.Lock()

    async def _open_pool(self) -> asyncpg.Pool[Any]:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    connect=self._connect,
                    min_size=1,
                    max_size=self._size,
                    max_inactive_connection_lifetime=IDLE_SECONDS,
                    timeout=self._timeout,
                    command_timeout=self._timeout,
                    server_settings={"application_name": "idexx-sync"},
                    init=self._prepare,
                    connection_class=_Connection,
                )
            return self._pool

    async def _connect(self, *arguments: Any, **options: Any) -> _Connection:
        connection = cast(_Connection, await self._connector.connect(*arguments, **options))
        connection.is_pooled = self._connector.pool_mode is PoolMode.TRANSACTION
        return connection

    async def _prepare(self, connection: Connection) -> None:
        if self._observe is not None:
            connection.add_query_logger(self._observe)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction: committed at the end, rolled back on any exception.

        Raises `Unavailable` if the server is unreachable, even when it fails in the middle.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection. Raises `Unavailable`, and `StatementRefused` for what PostgreSQL, or asyncpg, does not
        accept.

        Exceptions of the caller's own code, such as an OSError, pass through.
        """
        pool, connection = await self._acquire()
        try:
            yield connection
        except NoAnswer as error:
            if self._connector.has_other_hosts:
                await pool.expire_connections()
            raise unavailable(error.__cause__ or error, self._timeout) from error.__cause__
        except _ASYNCPGS_OWN as error:
            if isinstance(error, asyncpg.PostgresError) and not is_away(error):
                raise refused(error) from None
            if is_another_session(error):
                self._connector.found_pooler()
            # The other connections may lead to the same server, such as a standby to which the address once led.
            await pool.expire_connections()
            raise unavailable(error, self._timeout) from error
        finally:
            # The commit stands; the pool closes a connection that cannot be released.
            with suppress(NoAnswer, OSError, TimeoutError, *_ASYNCPGS_OWN):
                await pool.release(connection)

    async def require_writes(self) -> None:
        """Raises `Unavailable` unless the server responds and accepts writes."""
        async with self.connection() as connection:
            if await accepts_writes(connection):
                return
        await (await self._open_pool()).expire_connections()
        raise read_only()

    async def _acquire(self) -> tuple[asyncpg.Pool[Any], PoolConnectionProxy[Any]]:
        try:
            pool = await self._open_pool()
            return pool, await pool.acquire(timeout=self._timeout)
        except (OSError, TimeoutError, *_ASYNCPGS_OWN) as error:
            if isinstance(error, asyncpg.PostgresError) and not is_away(error):
                raise refused(error) from None
            raise unavailable(error, self._timeout) from error

    async def close(self) -> None:
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), timeout=5)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None


async def accepts_writes(connection: Connection) -> bool:
    return bool(await connection.fetchval(SQL["accepts_writes"]))

"""A PostgreSQL that is away, read-only or full: what callers get, and that it ends when the trouble is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from engine.errors import Unavailable
from engine.store.database import Database
from tests.conftest import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def table(pool: asyncpg.Pool) -> str:
    await pool.execute("create table written (n int)")
    return "written"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, size=4)
    yield database
    await database.close()


async def write(database: Database, n: int = 0) -> bool:
    async with database.transaction() as connection:
        await connection.execute("insert into written values ($1)", n)
    return True


async def set_read_only(pool: asyncpg.Pool, *, on: bool) -> None:
    """As in a failover: sessions that begin from now on are read-only, or not, for as long as they last."""
    name = await pool.fetchval("select current_database()")
    value = "set default_transaction_read_only = on" if on else "reset default_transaction_read_only"
    async with pool.acquire() as connection:
        await connection.execute("set default_transaction_read_only = off")
        await connection.execute(f"alter database {name} {value}")


async def end_sessions(pool: asyncpg.Pool) -> None:
    """Of everybody else."""
    await pool.fetch(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and application_name = 'idexx-sync'"
    )


@pytest.mark.usefixtures("table")
async def test_a_read_only_server_is_away_and_its_connections_end_with_the_failover(
    database: Database, pool: asyncpg.Pool
) -> None:
    """In an earlier version, 114 of 114 writes failed permanently after five seconds of it."""
    await write(database)
    await set_read_only(pool, on=True)
    await end_sessions(pool)

    async def fails_as_read_only() -> bool:
        """The first one finds a connection that was ended."""
        with pytest.raises(Unavailable) as caught:
            await write(database)
        return "accepts no writes" in caught.value.message

    await until(fails_as_read_only)
    outcomes = await asyncio.gather(*(write(database) for _ in range(4)), return_exceptions=True)
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    await set_read_only(pool, on=False)
    # Each connection that is left from the failover fails one write at most.
    outcomes = await asyncio.gather(*(write(database) for _ in range(4)), return_exceptions=True)
    assert all(outcome is True or isinstance(outcome, Unavailable) for outcome in outcomes)
    assert await asyncio.gather(*(write(database) for _ in range(8))) == [True] * 8


async def test_whether_writes_are_accepted_is_seen_without_writing(database: Database, pool: asyncpg.Pool) -> None:
    await database.require_writes()
    await set_read_only(pool, on=True)
    await end_sessions(pool)

    async def is_reported() -> bool:
        with pytest.raises(Unavailable) as caught:
            await database.require_writes()
        return "accepts no writes" in caught.value.message

    await until(is_reported)
    await set_read_only(pool, on=False)
    await database.require_writes()


@pytest.mark.parametrize(
    "state", ["57P01", "57P02", "57P03", "57P04", "57P05", "08006", "08P01", "53300", "53100"]
)
async def test_what_says_that_the_server_is_away_replaces_the_connections(database: Database, state: str) -> None:
    async with database.connection() as connection:
        before = await connection.fetchval("select pg_backend_pid()")
    with pytest.raises(Unavailable) as caught:
        async with database.transaction() as connection:
            await connection.execute(f"do $$ begin raise exception 'trouble' using errcode = '{state}'; end $$")
    assert caught.value.retry_after_ms
    assert ("disk of PostgreSQL is full" in caught.value.message) is (state == "53100")
    async with database.connection() as connection:
        assert await connection.fetchval("select pg_backend_pid()") != before


async def test_a_session_that_the_server_ends_within_a_transaction_is_a_server_that_is_away(
    database: Database, pool: asyncpg.Pool
) -> None:
    async def work() -> None:
        async with database.transaction() as connection:
            await end_sessions(pool)
            await connection.execute("select 1")

    with pytest.raises(Unavailable):
        await work()


class TestTheCallersOwnErrors:
    @pytest.mark.parametrize("error", [OSError("no such file"), TimeoutError("a portal"), ConnectionResetError()])
    async def test_they_are_no_trouble_of_the_database(self, database: Database, error: Exception) -> None:
        async def work() -> None:
            async with database.transaction() as connection:
                await connection.execute("select 1")
                raise error

        with pytest.raises(type(error)) as caught:
            await work()
        assert caught.value is error

    async def test_nor_is_a_time_limit_of_the_caller(self, database: Database) -> None:
        with pytest.raises(TimeoutError):
            async with database.connection() as connection, asyncio.timeout(0.1):
                await connection.execute("select pg_sleep(30)")
        async with database.connection() as connection:
            assert await connection.fetchval("select 1") == 1

"""Poolers: PgBouncer in transaction mode and in session mode, in front of a real server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

import engine.store
from engine.errors import Unavailable
from engine.store.connecting import keeps_sessions
from engine.store.database import Database
from engine.store.pool_mode import PoolMode
from ops.bench.pgbouncer import SESSIONS, pgbouncer
from tests.conftest import needs_pgbouncer, on_database, until

pytestmark = [pytest.mark.anyio, needs_pgbouncer]

CLIENTS = 12


@pytest.fixture(scope="module")
def bouncer(postgres_url: str) -> Iterator[str]:
    with pgbouncer(postgres_url) as url:
        yield url


@pytest.fixture
async def pooled(bouncer: str, database_url: str) -> AsyncIterator[Database]:
    database = Database(on_database(bouncer, database_url), size=CLIENTS)
    yield database
    await database.close()


async def use(database: Database, number: int) -> set[int]:
    """Runs statements inside and outside of transactions; returns the sessions in which they ran."""
    sessions = set()
    for _ in range(10):
        async with database.connection() as connection:
            sessions.add(await connection.fetchval("select pg_backend_pid() where $1::int > 0", number + 1))
        async with database.transaction() as connection:
            await connection.execute("insert into written values ($1)", number)
            assert await connection.fetchval("select max(n) from written where n = $1", number) == number
    return sessions


async def test_clients_that_change_sessions_are_found_out_and_use_no_named_statements(
    pooled: Database, pool: asyncpg.Pool
) -> None:
    await pool.execute("create table written (n int)")
    used = await asyncio.gather(*(use(pooled, number) for number in range(CLIENTS)))
    assert len(set().union(*used)) > 1
    assert await pool.fetchval("select count(*) from written") == 10 * CLIENTS
    async with pooled.transaction() as connection:
        assert await connection.fetchval("select count(*) from pg_prepared_statements where name <> ''") == 0


async def test_an_address_written_for_prisma_works(bouncer: str, database_url: str) -> None:
    database = Database(f"{on_database(bouncer, database_url)}&pgbouncer=true", size=1)
    try:
        async with database.connection() as connection:
            assert await connection.fetchval("select 1") == 1
    finally:
        await database.close()


async def test_a_wrong_setting_is_named(bouncer: str, database_url: str, pooled: Database) -> None:
    wrong = Database(on_database(bouncer, database_url), pool_mode=PoolMode.SESSION, size=1)

    async def ask() -> None:
        async with wrong.connection() as connection:
            await connection.fetchval("select 1")

    try:
        await ask()
        async with pooled.transaction() as other:  # it gets the session in which the statement was prepared
            await other.execute("select 2")
            with pytest.raises(Unavailable, match="DATABASE_POOL_MODE"):
                await ask()
    finally:
        await wrong.close()


async def test_an_interrupted_statement_leaves_its_session_to_others(pooled: Database, pool: asyncpg.Pool) -> None:
    async def sleep() -> None:
        async with pooled.connection() as connection:
            await connection.fetchval("select pg_sleep(60)")

    sleepers = [asyncio.create_task(sleep()) for _ in range(CLIENTS)]
    running = "select count(*) = $1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'"
    await until(lambda: pool.fetchval(running, SESSIONS))
    async with asyncio.timeout(30):
        for sleeper in sleepers:
            sleeper.cancel()
        await asyncio.gather(*sleepers, return_exceptions=True)
        async with pooled.transaction() as connection:
            assert await connection.fetchval("select 1") == 1


async def test_session_mode_is_distinguished_from_transaction_mode(
    bouncer: str, postgres_url: str, database_url: str
) -> None:
    assert await keeps_sessions(database_url, timeout=20)
    assert not await keeps_sessions(on_database(bouncer, database_url), timeout=20)
    with pgbouncer(postgres_url, PoolMode.SESSION) as url:
        assert await keeps_sessions(on_database(url, database_url), timeout=20)


#: What belongs to a session of the server: a pooler in transaction mode lends it for one transaction only.
OF_A_SESSION = re.compile(
    r"pg_(try_)?advisory_(un)?lock|\b(un)?listen\s+\w|create\s+temp|\bset\s+(session|time\s+zone|search_path)\b"
    r"|set_config\([^)]*false\s*\)|\bwith\s+hold\b|\bdiscard\b|^\s*prepare\b",
    re.IGNORECASE | re.MULTILINE,
)


def test_no_statement_needs_more_than_its_transaction() -> None:
    """Of gateways and workers; `migrate` requires a session."""
    store = Path(engine.store.__file__).parent
    queries = [path for path in store.rglob("*.sql") if path.parent.name != "migrations"]
    assert len(queries) > 100
    found = {path.name: match[0] for path in queries if (match := OF_A_SESSION.search(_code(path.read_text())))}
    assert found == {}


def _code(text: str) -> str:
    return re.sub(r"--.*", "", text)

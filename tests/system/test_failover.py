"""A failover of PostgreSQL in the middle of a sync."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from engine.store.migrate import migrate
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import first_days
from tests.conftest import open_pool, until
from tests.postgres_pair import Pair, postgres_pair
from tests.system.conftest import Asker, System
from tests.system.test_sync import agrees

pytestmark = pytest.mark.anyio

DAYS = 7


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with postgres_pair() as pair:
        yield pair


@pytest.fixture
async def database_url(pair: Pair) -> str:
    await pair.primary.execute("create database clinic")
    url = pair.url("clinic", "target_session_attrs=read-write")
    connection = await asyncpg.connect(url)
    await migrate(connection)
    await connection.close()
    return url


@pytest.fixture
def processes_database(database_url: str) -> str:
    return database_url


async def test_a_sync_survives_a_failover(
    pair: Pair,
    database_url: str,
    system: System,
    sandbox: SandboxProcess,
    clinics: list[SandboxClinic],
    asker: Asker,
    pool: asyncpg.Pool,
) -> None:
    await sandbox.fault_settings(clinics[0].company_id, latency_ms=300)
    system.everything()
    accepted = await asker.ask("sync", clinics[0].slug, first_days(DAYS))
    done = "select count(*) from idexx_sync.schedule_sync_dates where status = 'reconciled'"
    await until(lambda: pool.fetchval(done))
    pair.primary.kill()
    await pair.standby.execute("select pg_promote()")
    events = await asker.events(clinics[0].slug, accepted["sync_id"])
    assert events[-1]["event"] == "completed", events[-1]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    async with open_pool(pair.standby.url("clinic"), 1) as survivor:
        await agrees(survivor, sandbox, clinics[0], DAYS)

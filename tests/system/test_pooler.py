"""A sync whose processes reach PostgreSQL through PgBouncer in transaction mode."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import asyncpg
import pytest

from actors.settings import Settings, load
from engine.store.pool_mode import PoolMode
from ops.bench.pgbouncer import pgbouncer
from ops.cli.migrate import migrate
from ops.client.errors import CommandFailed
from ops.doctor.database import database as doctor_database
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.conftest import needs_pgbouncer, on_database
from tests.system.conftest import Asker, System
from tests.system.test_sync import agrees, run

pytestmark = [pytest.mark.anyio, needs_pgbouncer]


@pytest.fixture
def processes_database(transaction_pooler: str, database_url: str) -> str:
    return on_database(transaction_pooler, database_url)


async def test_processes_sync_through_a_pooler_in_transaction_mode(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything(scrapers=2)
    for events in await asyncio.gather(*(run(asker, clinic, days=7) for clinic in clinics)):
        assert events[-1]["event"] == "completed", events[-1]
    for clinic in clinics:
        await agrees(pool, sandbox, clinic, days=7)
    assert "prepared statement" not in system.logs()


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Yields a function that sets the address of the database for commands."""

    def use(url: str) -> None:
        monkeypatch.setenv("DATABASE_URL", url)
        load.cache_clear()

    yield use
    load.cache_clear()


async def test_doctor_names_the_pooler(processes_database: str) -> None:
    found = await doctor_database(Settings(database_url=processes_database))
    assert "through a pooler" in found[0].message


async def test_migrate_refuses_a_pooler_in_transaction_mode(
    processes_database: str, use: Callable[[str], None]
) -> None:
    use(processes_database)
    with pytest.raises(CommandFailed, match=r"pooler in transaction mode.* session"):
        await asyncio.to_thread(migrate)


async def test_migrate_works_through_a_pooler_in_session_mode(
    postgres_url: str, namespace: str, use: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    server = await asyncpg.connect(postgres_url)
    await server.execute(f"create database {namespace}")
    try:
        with pgbouncer(postgres_url, PoolMode.SESSION) as url:
            use(url.replace("/postgres?", f"/{namespace}?"))
            await asyncio.to_thread(migrate)
            await asyncio.to_thread(migrate)
        assert "up to date" in "".join(capsys.readouterr())
    finally:
        await server.execute(f"drop database {namespace} with (force)")
        await server.close()

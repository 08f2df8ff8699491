"""Health and readiness when all is well, and when a server hangs or goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest

from tests.conftest import free_port, until
from tests.http.conftest import url_of
from tests.http.hanging import Way, way_to
from tests.system.conftest import System

pytestmark = pytest.mark.anyio

NAMES = {
    "process",
    "memory",
    "environment",
    "nats",
    "database",
    "sync_queue",
    "browser_pool",
    "mailboxes",
    "consumer",
}


async def failing(client: httpx.AsyncClient, path: str = "/health") -> set[str]:
    """The names of the checks that fail. An answer takes less than 2 s whatever hangs."""
    begun = time.monotonic()
    response = await client.get(path)
    assert time.monotonic() - begun < 2
    checks = response.json()["checks"]
    found = {name for name, check in checks.items() if check["status"] == "fail"}
    assert (response.status_code == 503) is bool(found), response.text
    assert all(check["message"] for check in checks.values())
    return found


async def test_a_gateway_is_well_and_ready(gateway: httpx.AsyncClient) -> None:
    report = (await gateway.get("/health")).json()
    assert set(report["checks"]) == NAMES
    assert report["status"] == "pass", report
    assert set((await gateway.get("/ready")).json()["checks"]) == {"nats", "database", "consumer"}
    assert (await gateway.get("/ready")).status_code == 200
    assert (await gateway.get("/live")).json() == {"status": "pass"}


async def test_a_database_that_lacks_migrations_takes_no_work(
    gateway: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    await pool.execute("delete from idexx_sync.idexx_schema_migrations where name like '0001%'")
    response = await gateway.get("/ready")
    assert response.status_code == 503
    assert "idexx-sync migrate" in response.json()["checks"]["database"]["message"]


async def test_a_database_that_accepts_no_writes_takes_no_work(
    gateway: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    name = await pool.fetchval("select current_database()")

    async def says(status: int) -> bool:
        return (await gateway.get("/ready")).status_code == status

    async with pool.acquire() as connection:
        await connection.execute(f"alter database {name} set default_transaction_read_only = on")
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name = 'idexx-sync'"
        )
        await until(lambda: says(503))
        message = (await gateway.get("/ready")).json()["checks"]["database"]["message"]
        assert "accepts no writes" in message
        await connection.execute(f"alter database {name} reset default_transaction_read_only")
    await until(lambda: says(200))


class TestServersThatHang:
    @pytest.fixture
    async def ways(
        self, nats_url: str, database_url: str, settings: dict[str, str]
    ) -> AsyncIterator[dict[str, Way]]:
        database = urlsplit(database_url)
        socket = f"{parse_qs(database.query)['host'][0]}/.s.PGSQL.5432"
        server = urlsplit(nats_url)
        async with AsyncExitStack() as stack:
            to_nats = await stack.enter_async_context(
                way_to(partial(asyncio.open_connection, server.hostname, server.port))
            )
            to_database = await stack.enter_async_context(way_to(partial(asyncio.open_unix_connection, socket)))
            settings["NATS_URL"] = f"nats://127.0.0.1:{to_nats.port}"
            who = database.netloc.rpartition("@")[0]
            settings["DATABASE_URL"] = f"postgresql://{who}@127.0.0.1:{to_database.port}{database.path}"
            yield {"nats": to_nats, "database": to_database}

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WORKER_HTTP_PORT": "0"}

    async def test_the_response_comes_in_time_and_names_the_server(
        self, ways: dict[str, Way], system: System
    ) -> None:
        await asyncio.to_thread(system.gateway)
        await asyncio.to_thread(system.worker, "coordinator")
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(httpx.AsyncClient(base_url=url_of(system, name), timeout=10))
                for name in ("gateway", "coordinator")
            ]
            for server, way in ways.items():
                for client in clients:
                    await until(partial(well, client))
                way.passes.clear()
                for client in clients:
                    assert server in await failing(client)
                    assert server in await failing(client, "/ready")
                    assert (await client.get("/live")).status_code == 200
                begun = time.monotonic()
                text = (await clients[0].get("/metrics")).text
                assert time.monotonic() - begun < 2
                assert f'dependency_up{{dependency="{server}"}} 0.0' in text
                way.passes.set()
            for client in clients:
                await until(partial(well, client))
        for name in ("gateway", "coordinator"):  # while the ways are served, which the end of a test does not do
            await asyncio.to_thread(system.stop, name)


async def well(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health")).status_code == 200


async def test_a_date_scraper_is_not_ready_before_its_browser_was_launched(system: System, tmp_path: Path) -> None:
    """A browser that never says that it is there."""
    hung = tmp_path / "chromium"
    hung.write_text("#!/bin/sh\nexec sleep 600\n")
    hung.chmod(0o755)
    port = free_port()
    system.environment = {**system.environment, "WORKER_HTTP_PORT": str(port), "CHROMIUM_PATH": str(hung)}
    # Dramatiq passes on what a worker says only after it has booted, so there is nothing to wait for in its log.
    await asyncio.to_thread(partial(system.worker, "date_scraper", said=""))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        await until(partial(waits_for_a_browser, client))
        assert await failing(client, "/ready") == {"consumer"}
        assert (await client.get("/live")).status_code == 200
    await asyncio.to_thread(system.kill, "date_scraper")


async def waits_for_a_browser(client: httpx.AsyncClient) -> bool:
    try:
        text = (await client.get("/ready")).json()["checks"]["consumer"]["message"]
    except httpx.TransportError:
        return False
    return bool(text == "not ready: waiting for browser, consumer")


async def test_a_worker_with_a_port_serves_its_own_health(system: System) -> None:
    system.environment = {**system.environment, "WORKER_HTTP_PORT": "0"}
    system.worker("date_scraper")
    async with httpx.AsyncClient(base_url=url_of(system, "date_scraper"), timeout=10) as client:
        assert await failing(client, "/ready") == set()
        health = (await client.get("/health")).json()
        assert health["checks"]["browser_pool"]["message"] == "0 of 1 browsers of this machine are in use"
        assert 'process_memory_bytes{process="date_scraper"}' in (await client.get("/metrics")).text
        assert (await client.get("/api/idexx/schedule-sync/status")).status_code == 404

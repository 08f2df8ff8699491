"""A real Prometheus scrapes three processes, and alerts fire and resolve by what is done to the system."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from ops.sandbox.client import SandboxClinic
from tests.conftest import free_port, until
from tests.http.conftest import url_of
from tests.metrics.test_rules import RULES
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio


class Prometheus:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def firing(self) -> set[str]:
        alerts = (await self._client.get("/api/v1/alerts")).json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    async def up(self) -> int:
        targets = (await self._client.get("/api/v1/targets")).json()["data"]["activeTargets"]
        return sum(target["health"] == "up" for target in targets)

    async def fires(self, *names: str) -> None:
        async def all_of_them() -> bool:
            return set(names) <= await self.firing()

        await until(all_of_them)

    async def resolves(self, *names: str) -> None:
        async def none_of_them() -> bool:
            return not set(names) & await self.firing()

        await until(none_of_them)


@pytest.fixture
def settings() -> dict[str, str]:
    return {"HTTP_PORT": str(free_port()), "WORKER_HTTP_PORT": "0", "MAX_CONCURRENT_SYNCS": "1"}


@pytest.fixture
async def prometheus(system: System, tmp_path: Path) -> AsyncIterator[Prometheus]:
    """It looks every second and waits for nothing: how long an alert waits is for `promtool test rules`."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed: apt-get install prometheus")
    await asyncio.to_thread(system.gateway)
    for queue in ("coordinator", "date_scraper"):
        await asyncio.to_thread(system.worker, queue)
    folder, port = tmp_path / "prometheus", free_port()
    folder.mkdir()
    process = start(program, folder, port, [url_of(system, n) for n in ("gateway", "coordinator", "date_scraper")])
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            await until(lambda: ready(client))
            yield Prometheus(client)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def start(program: str, folder: Path, port: int, urls: list[str]) -> subprocess.Popen[bytes]:
    targets = [url.removeprefix("http://") for url in urls]
    (folder / "alerts.yaml").write_text(re.sub(r"\n +for: \w+", "", RULES.read_text()))
    (folder / "prometheus.yaml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [alerts.yaml]\n"
        f"scrape_configs: [{{job_name: idexx-sync, static_configs: [{{targets: {targets}}}]}}]\n"
    )
    arguments = [
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen([program, *arguments], stdout=log, stderr=log)


async def ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/-/ready")).status_code == 200
    except httpx.TransportError:
        return False


async def test_alerts_fire_and_resolve(
    prometheus: Prometheus, system: System, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    async def all_three() -> bool:
        return await prometheus.up() == 3

    await until(all_three)
    await prometheus.fires("ClinicNotFresh")  # none was ever synced
    await pool.execute("update clinics set login_failure = 'login_rejected' where slug = $1", clinics[0].slug)
    await asyncio.to_thread(system.kill, "date_scraper")
    slug = clinics[1].slug
    syncs: list[dict[str, Any]] = [await asker.ask("sync", slug, {"days_ahead": 1}) for _ in range(7)]
    await prometheus.fires("LoginRejected", "BrowserPoolExhausted", "QueueBacklog")

    await pool.execute("update clinics set login_failure = null")
    for sync in syncs[1:]:
        await asker.ask("cancel", slug, {"sync_id": sync["sync_id"]})
    for queue in ("date_scraper", "reconciler"):
        await asyncio.to_thread(system.worker, queue, f"{queue}-again")
    await prometheus.resolves("LoginRejected", "BrowserPoolExhausted", "QueueBacklog")
    await asker.events(slug, syncs[0]["sync_id"])
    done = await asker.ask("sync", clinics[0].slug, {"days_ahead": 1})
    await asker.events(clinics[0].slug, done["sync_id"])
    await prometheus.resolves("ClinicNotFresh")

    await asyncio.to_thread(system.kill, "gateway")
    await prometheus.fires("NoGateway")
    await asyncio.to_thread(system.gateway, "gateway-again")
    await prometheus.resolves("NoGateway")

"""Fixtures: the whole system, with a gateway and Dramatiq's worker processes, on real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from engine.credentials import Credentials
from engine.store.clinics import add_clinic, set_credentials
from engine.store.vault import Vault, new_ring
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import TODAY
from tests.conftest import eventually
from tests.spec.hearing import Hearing

WORKERS = {"coordinator": 2, "reconciler": 2, "notifier": 2, "date_scraper": 3}


class System:
    """Processes by name, each in its own process group, with its output in a file."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = environment
        self._folder = folder / "logs"
        self._folder.mkdir()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def gateway(self, name: str = "gateway", code: Path | None = None) -> None:
        """Starts a gateway, of the code in a folder if one is given."""
        self._start(name, "-m", "actors.gateway", code=code)
        self._await(name, "gateway_ready")

    def worker(
        self,
        queue: str,
        name: str | None = None,
        threads: int | None = None,
        said: str = "worker_ready",
        code: Path | None = None,
    ) -> None:
        """Starts a worker, of the code in a folder if one is given; returns when its log contains `said`."""
        name = name or queue
        self._start(
            name,
            "-m",
            "dramatiq",
            "actors.app",
            "--skip-logging",
            *("--processes", "1", "--threads", str(threads or WORKERS[queue]), "--queues", queue),
            code=code,
        )
        self._await(name, said)

    def everything(self, scrapers: int = 1) -> None:
        self.gateway()
        for queue in ("coordinator", "reconciler"):
            self.worker(queue)
        for number in range(scrapers):
            self.worker("date_scraper", f"date_scraper-{number}")

    def kill(self, name: str) -> None:
        """Kills the process and its children with SIGKILL, as a crash of the machine would."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str) -> int:
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(timeout=60)

    def log(self, name: str) -> str:
        return (self._folder / name).read_text()

    def logs(self) -> str:
        return "\n".join(f"==== {path.name}\n{path.read_text()}" for path in sorted(self._folder.iterdir()))

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        deadline = time.monotonic() + 20
        for process in self.processes.values():
            try:
                process.wait(timeout=max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _await(self, name: str, word: str) -> None:
        process = self.processes[name]
        eventually(lambda: word in self.log(name) or process.poll() is not None, what=lambda: self.log(name))
        assert process.poll() is None, self.log(name)

    def _start(self, name: str, *arguments: str, code: Path | None = None) -> None:
        with (self._folder / name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                env={**self.environment, **({"PYTHONPATH": str(code)} if code else {})},
                cwd=code,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxProcess]:
    async with SandboxProcess(seed=7, today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
async def clinics(pool: asyncpg.Pool, sandbox: SandboxProcess, key_ring: str) -> list[SandboxClinic]:
    """Returns the sandbox's clinics, stored with their credentials."""
    vault, known = Vault.from_ring(key_ring), await sandbox.clinics()
    async with pool.acquire() as connection:
        for clinic in known:
            stored = await add_clinic(connection, clinic.slug, clinic.name, clinic.timezone, clinic.country)
            credentials = Credentials(clinic.username, clinic.password, clinic.company_id)
            await set_credentials(connection, vault, stored.id, credentials)
    return known


@pytest.fixture
def key_ring() -> str:
    return new_ring()


@pytest.fixture
def settings() -> dict[str, str]:
    """Returns the settings of a test in addition to the servers' addresses."""
    return {}


@pytest.fixture
def system(
    nats_url: str,
    processes_database: str,
    namespace: str,
    key_ring: str,
    sandbox: SandboxProcess,
    settings: dict[str, str],
    tmp_path: Path,
    scratch: str,
    heard: Hearing | None,
) -> Iterator[System]:
    """Yields the system; its messages are checked against the schemas at the end of the test."""
    home = {"HOME": str(tmp_path), **settings}
    system = System(environment_of(nats_url, processes_database, namespace, key_ring, sandbox, **home), tmp_path)
    try:
        yield system
    finally:
        system.close()


def environment_of(
    nats_url: str, database_url: str, namespace: str, key_ring: str, sandbox: SandboxProcess, **others: str
) -> dict[str, str]:
    """Returns the environment of a system's processes; `others` take precedence."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONWARNINGS": "error",
        "NATS_URL": nats_url,
        "DATABASE_URL": database_url,
        "SUBJECT_PREFIX": namespace,
        "ENCRYPTION_KEY": key_ring,
        "IDEXX_BASE_URL": sandbox.url,
        "IDEXX_RATE_LIMIT": "100",
        "REMOVAL_SETTLE_MS": "1500",
        "ACK_WAIT_MS": "3000",
        "EMPTY_DAY_PAUSE_MS": "100",
        "HTTP_PORT": "0",
        **others,
    }


class Asker:
    """An independent client: plain NATS, without our code."""

    def __init__(self, client: Client, prefix: str) -> None:
        self.client = client
        self.prefix = prefix

    async def ask(self, verb: str, clinic: str, body: Any = None, timeout: float = 10.0) -> Any:
        payload = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        reply = await self.client.request(f"{self.prefix}.cmd.{verb}.{clinic}", payload, timeout=timeout)
        return json.loads(reply.data)

    async def events(self, clinic: str, sync_id: str, timeout: float = 60.0) -> list[dict[str, Any]]:
        """Returns all events of a sync from the stream."""
        subject = f"{self.prefix}.evt.sync.{clinic}.{sync_id}.>"
        subscription = await self.client.jetstream().subscribe(subject, ordered_consumer=True)
        found: list[dict[str, Any]] = []
        try:
            while not found or found[-1]["event"] not in ("completed", "failed", "cancelled", "timed_out"):
                found.append(json.loads((await subscription.next_msg(timeout=timeout)).data))
        finally:
            await subscription.unsubscribe()
        return found


@pytest.fixture
async def asker(nats_url: str, namespace: str) -> AsyncIterator[Asker]:
    client = await nats.connect(nats_url)
    yield Asker(client, namespace)
    await client.close()

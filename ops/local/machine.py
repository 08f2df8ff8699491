"""Starts all servers and processes of one machine in order, under one supervisor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from actors.runtime.vault import open_vault
from actors.settings import Settings, load
from engine.store.migrate import migrate, pending
from engine.store.vault import new_ring
from ops.client.connections import open_database, require_sessions
from ops.doctor.home_key import KEY_FILE
from ops.local.cancel_queued import cancel_queued
from ops.local.discovery import with_environment
from ops.local.embedded import Home, start_servers
from ops.local.preflight import check_before_start
from ops.local.processes import processes
from ops.local.sandbox_clinics import store_clinics
from ops.local.supervision import Command, Stage, Supervisor
from ops.local.worker_readiness import await_workers
from ops.sandbox.client import Sandbox

FIRST_SANDBOX_PORT = 18080


@dataclass
class Machine:
    """The servers and processes of one machine. `start` changes this process's environment, through which this
    process and its children find the servers."""

    home: Home
    supervisor: Supervisor
    say: Callable[[str], None]

    async def start(
        self, *, sandbox: bool = False, sandbox_arguments: Sequence[str] = (), cancel_waiting: bool = False
    ) -> Settings:
        """Starts everything; returns when the gateway accepts requests. Raises as `check_before_start` and
        `start_servers`, and `Unavailable`."""
        await self.check()
        settings = await self.start_servers()
        if sandbox:
            settings = await self.start_sandbox(settings, sandbox_arguments)
        if cancel_waiting and (count := await cancel_queued(settings)):
            self.say(f"cancelled {count} queued syncs")
        await self.start_processes(settings)
        return settings

    async def check(self) -> None:
        """Raises what `check_before_start` raises, before anything is started."""
        has_http_port = bool(os.environ.get("HTTP_PORT"))
        await check_before_start(load(), self.home.folder / KEY_FILE, has_http_port=has_http_port)

    async def start_servers(self) -> Settings:
        """Starts each server that the settings do not name, and migrates the database."""
        settings = load()
        servers = await start_servers(
            self.home,
            self.supervisor,
            nats_url=settings.nats_url,
            database_url=settings.database_url,
            say=self.say,
        )
        found = {"NATS_URL": servers.nats_url, "DATABASE_URL": servers.database_url}
        if settings.database_url is None:
            # The key is stored beside the data only if both belong to this machine.
            found["ENCRYPTION_KEY"] = self.home.secret(KEY_FILE, new_ring)
        async with open_database(servers.database_url) as connection:
            if await pending(connection):
                await require_sessions(servers.database_url, "a migration")
                self.say(f"migrated the database: {', '.join(await migrate(connection))}")
        return with_environment(found)

    async def start_sandbox(self, settings: Settings, arguments: Sequence[str] = ()) -> Settings:
        """Starts the sandbox portal, points the settings to it, and stores its clinics."""
        port = self.home.port("sandbox", FIRST_SANDBOX_PORT)
        sandbox = Sandbox(f"http://127.0.0.1:{port}")
        log = self.home.log("sandbox")
        said_before = log.stat().st_size if log.exists() else 0

        async def ready() -> bool:
            # Wait for the sandbox's own log line: a response could come from another process that took the port
            # first.
            said = log.read_bytes()[said_before:] if log.exists() else b""
            with suppress(OSError):
                return sandbox.url.encode() in said and bool(await sandbox.clinics())
            return False

        argv = (sys.executable, "-m", "ops.sandbox", "--port", str(port), *arguments)
        await self.supervisor.start(Command(name="sandbox", argv=argv, stage=Stage.SERVERS, log=log, ready=ready))
        os.environ["IDEXX_BASE_URL"] = sandbox.url
        vault = open_vault(settings)
        async with open_database(settings.need_database_url()) as connection:
            slugs = await store_clinics(connection, vault, await sandbox.clinics(), sandbox.url)
        self.say(f"the sandbox portal is running at {sandbox.url}, with the clinics {', '.join(slugs)}")
        self.say("all of their columns count, unless you chose others: idexx-sync clinic rules CLINIC")
        load.cache_clear()
        return load()

    async def start_processes(self, settings: Settings) -> None:
        """Starts the processes; returns when the gateway accepts requests."""
        if not os.environ.get("HTTP_PORT"):
            # Two homes on one machine need two ports; a single home gets the usual port.
            settings = with_environment({"HTTP_PORT": str(self.home.port("http", settings.http_port))})
        self.say(f"metrics, health and the HTTP API: http://{settings.http_host}:{settings.http_port}")
        for command in processes(settings):
            await self.supervisor.start(command)

    async def await_workers(self, settings: Settings) -> None:
        """Returns when every worker takes messages; after a minute it names those that do not."""
        names = [command.name for command in processes(settings) if command.stage is Stage.WORKERS]
        if late := await await_workers(settings, self.supervisor, names):
            self.say(f"not ready yet: {', '.join(late)}; the output above says why, and they are restarted")


def reachable(settings: Settings) -> dict[str, str]:
    """Returns the environment in which other processes of this machine find the servers."""
    return {
        "NATS_URL": settings.need_nats_url(),
        "DATABASE_URL": settings.need_database_url(),
        "IDEXX_BASE_URL": settings.idexx_base_url,
        "WEBHOOK_PRIVATE_NETWORKS": ",".join(map(str, settings.webhook_private_networks)),
    }

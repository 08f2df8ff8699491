"""A scratch machine with Prometheus, whose processes each have their own port and metrics folder."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from actors.messages import Subjects
from actors.settings import Settings
from engine.events import LAST
from ops.client.connections import open_nats
from ops.client.requests import ask
from ops.local.embedded import Home
from ops.local.machine import Machine
from ops.local.processes import processes
from ops.local.supervision import Command, Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.monitoring.testbed.prometheus import Prometheus, start_prometheus
from ops.monitoring.testbed.waiting import until
from ops.sandbox.client import Sandbox, SandboxClinic

RULES = Path(__file__).parent.parent / "prometheus" / "alerts.yaml"

#: Timeout of a sync, a command or a start. Seconds.
TIMEOUT = 240.0


@dataclass
class WatchedMachine(Machine):
    """A machine with separately scraped processes: `commands` and scrape `targets` by process name."""

    commands: dict[str, Command] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)

    async def start_processes(self, settings: Settings) -> None:
        for command in processes(settings):
            port = free_port()
            setting = "HTTP_PORT" if command.name == "gateway" else "WORKER_HTTP_PORT"
            self.commands[command.name] = replace(
                command,
                log=self.home.log(command.name),
                environment={setting: str(port), "PROMETHEUS_MULTIPROC_DIR": str(self.counts(command.name))},
            )
            self.targets[command.name] = f"127.0.0.1:{port}"
            await self.supervisor.start(self.commands[command.name])

    def counts(self, name: str) -> Path:
        """Returns the metrics folder of a process."""
        return self.home.folder / "counts" / name


@dataclass(frozen=True)
class Watched:
    """The running machine and operations on it. Methods raise `TimeoutError` if an operation takes too long."""

    machine: WatchedMachine
    settings: Settings
    prometheus: Prometheus
    sandbox: Sandbox
    clinics: list[SandboxClinic]

    @property
    def supervisor(self) -> Supervisor:
        return self.machine.supervisor

    async def ask(self, verb: str, slug: str, **body: Any) -> dict[str, Any]:
        """Returns the gateway's reply; raises as `ops.client.requests.ask`."""
        async with open_nats(self.settings.need_nats_url()) as client:
            return await ask(client, Subjects(self.settings.subject_prefix), verb, slug, **body)

    async def sync(self, clinic: SandboxClinic, days: int) -> str:
        """Requests a sync of the first days of the sandbox's calendar, and returns its id."""
        end = clinic.today + timedelta(days=days - 1)
        dates = {"start_date": clinic.today.isoformat(), "end_date": end.isoformat()}
        return str((await self.ask("sync", clinic.slug, **dates))["sync_id"])

    async def ended(self, clinic: SandboxClinic, sync_id: str) -> dict[str, Any]:
        """Waits until the sync ends, and returns it."""

        async def end() -> dict[str, Any] | None:
            sync: dict[str, Any] = (await self.ask("status", clinic.slug, sync_id=sync_id))["sync"]
            return sync if sync["status"] in LAST else None

        return await until(end, TIMEOUT)

    async def command(self, *arguments: str) -> str:
        """Runs the `idexx-sync` command; returns its output. Raises `RuntimeError` unless it exits with 0."""
        program = Path(sys.executable).with_name("idexx-sync")
        process = await asyncio.create_subprocess_exec(
            program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        async with asyncio.timeout(TIMEOUT):
            output, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"idexx-sync {' '.join(arguments)}: exit {process.returncode}: {output.decode()}")
        return output.decode()

    async def start(self, *names: str) -> None:
        """Restarts processes that `supervisor.end` has ended."""
        for name in names:
            await self.supervisor.start(self.machine.commands[name])


def on_watched_machine(
    work: Callable[[Watched], Awaitable[int]], name: str, rules: str, clinics: int = 2, /, **environment: str
) -> int:
    """Runs `work` on a scratch machine with a Prometheus with these rules; returns its exit status. `clinics`: the
    number of the sandbox's clinics."""
    machines: list[WatchedMachine] = []

    def build(home: Home, supervisor: Supervisor, say: Callable[[str], None]) -> WatchedMachine:
        machines.append(WatchedMachine(home, supervisor, say))
        return machines[-1]

    async def watched(supervisor: Supervisor, settings: Settings) -> int:
        [machine] = machines
        folder = machine.home.folder / "prometheus"
        prometheus = await start_prometheus(supervisor, folder, free_port(), machine.targets, rules)
        await until(lambda: prometheus.has_up(len(machine.targets)), TIMEOUT)
        sandbox = Sandbox(settings.idexx_base_url)
        return await work(Watched(machine, settings, prometheus, sandbox, await sandbox.clinics()))

    return on_scratch_machine(watched, name, None, build, clinics=clinics, **environment)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

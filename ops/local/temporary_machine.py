"""Runs a complete machine in a temporary folder, for benchmarks and fault runs, and removes it afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from actors.settings import Settings, load
from ops.local.embedded import Home
from ops.local.machine import Machine
from ops.local.processes import time_to_stop
from ops.local.supervision import Supervisor, supervise

#: The servers that need a port. Scratch machines that start at the same time must not search for ports from the
#: same number: two would find the same one free, and one would use the other's sandbox.
PORTS = ("sandbox", "nats", "nats_monitor", "postgres")
#: Below the ephemeral ports of the system.
FIRST_PORTS = range(20_000, 32_000)

#: Variables that lead to the servers and clinics of its user: a scratch machine has its own.
OURS = ("NATS_URL", "DATABASE_URL", "ENCRYPTION_KEY", "IDEXX_BASE_URL")

#: Builds the machine: `Machine`, or a function that starts its processes differently.
Build = Callable[[Home, Supervisor, Callable[[str], None]], Machine]
First = Callable[[Supervisor, Path], Awaitable[None]]
Work = Callable[[Supervisor, Settings], Awaitable[int]]


def on_scratch_machine(
    work: Work,
    name: str,
    first: First | None = None,
    build: Build = Machine,
    /,
    *,
    clinics: int = 2,
    **environment: str,
) -> int:
    """Runs `work` on a machine with the sandbox portal and `clinics` clinics; returns its exit status.

    `environment` is set for all processes; other variables are as in `idexx-sync up`, except those of `OURS`. `first`
    starts additional things that the machine needs, and may set more of the environment. `build` makes the machine.
    """
    for name in OURS:
        os.environ.pop(name, None)
    os.environ |= {"LOG_LEVEL": "error", "HTTP_PORT": "0", **environment}
    with tempfile.TemporaryDirectory(prefix=f"idexx-{name}-") as folder:
        Path(folder).chmod(0o711)  # the user that runs PostgreSQL needs access to its data in this folder
        os.environ["IDEXX_SYNC_HOME"] = folder
        home = Home(Path(folder))
        scatter_ports(home)

        async def run(supervisor: Supervisor) -> int:
            with home.hold(datetime.now(UTC)):
                if first is not None:
                    await first(supervisor, home.folder)
                machine = build(home, supervisor, say)
                arguments = ("--clinics", str(clinics))
                return await work(supervisor, await machine.start(sandbox=True, sandbox_arguments=arguments))

        return asyncio.run(supervise(run, say=say, grace=time_to_stop(load())))


def scatter_ports(home: Home) -> None:
    """Makes a new home search for its ports from random numbers."""
    for name in PORTS:
        home.port(name, random.choice(FIRST_PORTS))  # noqa: S311 (no secret)


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr)

"""A whole machine in a scratch folder, for benchmarks and fault runs: started, worked with, stopped, forgotten."""

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

#: What a machine has ports for. Several scratch machines that start at once must not look for them in the same place:
#: two would find the same one free, and one would take the other's sandbox for its own.
PORTS = ("sandbox", "nats", "nats_monitor", "postgres")
#: Below the ports that a system gives away by itself.
FIRST_PORTS = range(20_000, 32_000)

#: Builds the machine: `Machine`, or something that starts its processes in another way.
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
    """Runs `work` on a machine with the sandbox portal and so many clinics; answers its exit status.

    `environment` is set for all processes; what it does not name is as `idexx-sync up` has it. `first` starts what
    the machine needs beside that, and may set more of the environment. `build` makes it.
    """
    os.environ |= {"LOG_LEVEL": "error", "HTTP_PORT": "0", **environment}
    with tempfile.TemporaryDirectory(prefix=f"idexx-{name}-") as folder:
        Path(folder).chmod(0o711)  # the user that PostgreSQL runs as has its data in there
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
    """Has a new home look for its ports in a place of its own."""
    for name in PORTS:
        home.port(name, random.choice(FIRST_PORTS))  # noqa: S311 (no secret)


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr)

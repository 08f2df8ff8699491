"""A whole machine in a scratch folder, for benchmarks and fault runs: started, worked with, stopped, forgotten."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from actors.settings import Settings
from ops.embedded import Home
from ops.machine import Machine
from ops.supervision import Supervisor, supervise

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
        os.environ["IDEXX_SYNC_HOME"] = folder
        home = Home(Path(folder))

        async def run(supervisor: Supervisor) -> int:
            with home.hold(datetime.now(UTC)):
                if first is not None:
                    await first(supervisor, home.folder)
                machine = build(home, supervisor, say)
                arguments = ("--clinics", str(clinics))
                return await work(supervisor, await machine.start(sandbox=True, sandbox_arguments=arguments))

        return asyncio.run(supervise(run, say=say, grace=30))


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr)

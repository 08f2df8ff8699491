"""The command `demo`: runs the whole system against a sandbox portal."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from actors.settings import load
from ops.client.exit_status import Exit
from ops.local.demo.leftovers import megabytes, remove_leftovers
from ops.local.demo.story import Story
from ops.local.embedded import Home
from ops.local.machine import Machine
from ops.local.processes import time_to_stop
from ops.local.supervision import Supervisor, supervise
from ops.terminal.output import Json, answer, console, say


def demo(
    *,
    verbose: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Print each event, every day and more changes.")
    ] = False,
    keep: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Keep the data of its servers, and say where.")
    ] = False,
    json: Json = False,
) -> int:
    """Run a one-minute demo with a sandbox portal and invented clinics, and check every stored field.

    Each run starts from scratch, in its own directory, and removes its data if it succeeds. Exits with 0 if both
    clinics are stored as the portal shows them.

    Example: `./ops/demo`
    """
    settings = load()
    home = Home(settings.idexx_sync_home / "demo")
    # With --json, stdout is reserved for the object at the end.
    stream = sys.stderr if json else sys.stdout
    out = console(stream)
    story: Story | None = None
    with home.hold(datetime.now(UTC)) as announce, home.log("processes").open("w") as log:

        async def run(supervisor: Supervisor) -> int:
            nonlocal story
            steps = say if verbose else partial(write, "demo")
            story = Story(Machine(home, supervisor, steps), out, verbose, announce)
            return await story.run(settings)

        def write(name: str, line: str) -> None:
            print(name, line, file=log, flush=True)

        grace = time_to_stop(settings)
        status = asyncio.run(
            supervise(run, say=say, stopped_status=Exit.INTERRUPTED, grace=grace, output=write, label=home.label)
        )
        if status == Exit.OK and not keep:
            remove_leftovers(home)
    if json:
        answer({"ok": status == Exit.OK, "differences": story.found if story else {}})
    elif status == Exit.OK:
        _next(out, keep=keep)
    if status != Exit.OK or keep:
        say(f"data and logs are in {home.folder} ({megabytes(home)} MB); the next demo replaces them")
    return status


def _next(out: Console, *, keep: bool) -> None:
    command = Path(sys.argv[0]).name if Path(sys.argv[0]).parent == Path("/usr/bin") else ".venv/bin/idexx-sync"
    data = "kept" if keep else "removed"
    out.print(f"\n[green]✓[/] All processes have stopped, and their data is {data}. Next:")
    steps = {
        f"{command} up --sandbox": "run the same until Ctrl-C",
        f"{command} sync cedar-creek": "in another terminal: a sync",
        f"{command} free cedar-creek": "then: what it can offer",
        "http://127.0.0.1:3001": "in a browser: the dashboard",
    }
    for typed, what in steps.items():
        out.print(f"  [bold]{typed:<{max(map(len, steps))}}[/]  {what}")

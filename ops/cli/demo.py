"""The command `demo`: runs the whole system against a sandbox portal."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from actors.settings import load
from ops.client.exit_status import Exit
from ops.local.demo.story import Story
from ops.local.embedded import Home
from ops.local.machine import Machine
from ops.local.processes import time_to_stop
from ops.local.supervision import Supervisor, supervise
from ops.terminal.output import PIPE_WIDTH, Json, answer, say


def demo(*, json: Json = False) -> int:
    """Run a one-minute demo with a sandbox portal and invented clinics, and check every stored field.

    Each run starts from scratch, in its own directory. Exits with 0 if both clinics are stored as the portal shows
    them.

    Example: `./ops/demo`
    """
    settings = load()
    home = Home(settings.idexx_sync_home / "demo")
    # With --json, stdout is reserved for the object at the end.
    stream = sys.stderr if json else sys.stdout
    out = Console(file=stream, highlight=False, width=None if stream.isatty() else PIPE_WIDTH)
    story: Story | None = None
    with home.hold(datetime.now(UTC)) as announce, home.log("processes").open("w") as log:

        async def run(supervisor: Supervisor) -> int:
            nonlocal story
            story = Story(Machine(home, supervisor, say), out, announce)
            return await story.run(settings)

        def write(name: str, line: str) -> None:
            print(name, line, file=log, flush=True)

        grace = time_to_stop(settings)
        status = asyncio.run(
            supervise(run, say=say, stopped_status=Exit.INTERRUPTED, grace=grace, output=write, label=home.label)
        )
    if json:
        answer({"ok": status == Exit.OK, "differences": story.found if story else {}})
    elif status != Exit.OK:
        say(f"the logs of the processes are in {home.logs}")
    else:
        _next(out)
    return status


def _next(out: Console) -> None:
    command = Path(sys.argv[0]).name if Path(sys.argv[0]).parent == Path("/usr/bin") else ".venv/bin/idexx-sync"
    out.print("\n[green]✓[/] All processes have stopped. Next:")
    out.print(f"  [bold]{command} up --sandbox[/]          run the same until Ctrl-C")
    out.print(f"  [bold]{command} sync cedar-creek[/]      in another terminal: request a sync and follow it")
    out.print(f"  [bold]{command} free cedar-creek[/]      then: show what this clinic can offer")
    out.print(f"  [bold]{command} watch[/]                 in a third one: follow all events")
    out.print("  [bold]http://127.0.0.1:3001[/]                      in a browser: the dashboard")

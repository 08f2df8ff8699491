"""The command `up`: runs the whole system on this machine until Ctrl-C."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from actors.settings import load
from ops.client.connections import where
from ops.local.embedded import Home
from ops.local.machine import Machine, reachable
from ops.local.processes import time_to_stop
from ops.local.supervision import Supervisor, supervise
from ops.terminal.output import passed_on, say


def up(
    *,
    sandbox: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Run the sandbox portal, and add its clinics."),
    ] = False,
    cancel_queued: Annotated[
        bool,
        Parameter(
            negative=(), show_default=False, help="Cancel the syncs that were left queued by an earlier run."
        ),
    ] = False,
) -> int:
    """Run everything on this machine until Ctrl-C.

    Starts an embedded nats-server and PostgreSQL unless `NATS_URL` and `DATABASE_URL` are set, migrates the tables, and
    starts the gateway and the workers.

    Example: `idexx-sync up --sandbox`, and in another terminal `idexx-sync watch`
    """
    settings = load()
    home = Home(settings.idexx_sync_home)
    with home.hold(datetime.now(UTC)) as announce:

        async def run(supervisor: Supervisor) -> int:
            machine = Machine(home, supervisor, say)
            now = await machine.start(sandbox=sandbox, cancel_waiting=cancel_queued)
            announce(reachable(now))
            await machine.await_workers(now)
            say(f"ready: NATS {where(now.need_nats_url())}, PostgreSQL {where(now.need_database_url())}")
            if port := load().http_port:  # 0: any free port; the gateway logs which one
                say(f"dashboard: http://{settings.http_host}:{port}")
            say("in another terminal: idexx-sync status · idexx-sync watch · idexx-sync doctor; Ctrl-C stops")
            await asyncio.Event().wait()
            return 0

        grace = time_to_stop(settings)
        status = asyncio.run(supervise(run, say=say, grace=grace, output=passed_on, label=home.label))
    say("stopped")
    return status

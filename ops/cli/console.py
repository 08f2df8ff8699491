"""The command `console`: shows the whole system on one screen."""

from __future__ import annotations

import asyncio
import sys
from importlib.util import find_spec
from typing import Annotated

from cyclopts import Parameter

from actors.messages import Subjects
from actors.settings import Settings
from ops.client.connections import open_nats, where
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import nats_url, settings_here


def console(
    *,
    read_only: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Disable the keys that change something.")
    ] = False,
) -> None:
    """Show everything live on one screen: clinics, syncs, mailboxes, browsers, rate limit, events.

    It needs only NATS, so it works from any machine with NATS credentials. Any number of consoles may run.

    Example: `idexx-sync console --read-only`
    """
    if find_spec("textual") is None:
        raise CommandFailed(
            "the console needs the package textual",
            hint="install the wheel with its extra console (docs/deploying.md, The wheel)",
        )
    settings = settings_here()
    nats_url(settings)
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise CommandFailed("the console needs a terminal", status=Exit.USAGE, hint="idexx-sync watch --json")
    asyncio.run(_console(settings, read_only))


async def _console(settings: Settings, read_only: bool) -> None:
    from ops.console.app import Console
    from ops.console.source import Source

    url = nats_url(settings)
    async with open_nats(url, keep=True) as client:
        source = Source(client, Subjects(settings.subject_prefix))
        await Console(source, where(url), read_only=read_only).run_async()

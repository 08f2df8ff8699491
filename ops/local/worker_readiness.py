"""Waits until the workers of this machine take messages: each of them responds to a ping once its resources, such as
a browser, are open."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from contextlib import suppress
from time import monotonic

from actors.settings import Settings
from ops.client.connections import open_nats
from ops.client.pings import WORKERS, ping
from ops.local.supervision import Supervisor

#: How long the workers may take to open, in seconds.
WITHIN = 60.0


async def await_workers(
    settings: Settings, supervisor: Supervisor, names: Collection[str], *, within: float = WITHIN
) -> list[str]:
    """Returns the names of the commands whose workers still do not respond at the end."""
    end = monotonic() + within
    async with open_nats(settings.need_nats_url()) as client:
        while True:
            workers = [pong["metadata"]["worker"] for pong in await ping(client, [WORKERS])]
            groups = {group for worker in workers if (group := _group(worker)) is not None}
            late = [name for name in names if supervisor.pid(name) not in groups]
            if not late or monotonic() > end:
                return late


def _group(worker: str) -> int | None:
    """The process group of a worker of this machine, which is led by the command that the supervisor started."""
    host, _, pid = worker.rpartition("/")
    if host != socket.gethostname():
        return None
    with suppress(ProcessLookupError, ValueError):
        return os.getpgid(int(pid))
    return None

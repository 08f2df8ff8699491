"""Makes a worker process visible on NATS: it replies to pings with its name and queues, as gateways do."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import version

import nats.micro

from actors.runtime.process import Runtime

#: Every worker on every machine replies to `$SRV.PING.idexx-sync-worker`.
NAME = "idexx-sync-worker"


async def announce(process: Runtime, queues: Collection[str]) -> None:
    """Starts to reply to pings, until the process's connection ends."""
    client = await process.broker.client()
    about = {"prefix": process.subjects.prefix, "worker": process.name, "queues": " ".join(sorted(queues))}
    await nats.micro.add_service(client, name=NAME, version=version("idexx-sync"), metadata=about)

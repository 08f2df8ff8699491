"""Which worker processes are there: each answers a ping on NATS, as the gateways do, with who it is."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import version

import nats.micro

from actors.runtime.process import Runtime

#: `$SRV.PING.idexx-sync-worker` is answered by every worker of every machine.
NAME = "idexx-sync-worker"


async def announce(process: Runtime, queues: Collection[str]) -> None:
    """From here on the process is seen, until its connection ends."""
    client = await process.broker.client()
    about = {"prefix": process.subjects.prefix, "worker": process.name, "queues": " ".join(sorted(queues))}
    await nats.micro.add_service(client, name=NAME, version=version("idexx-sync"), metadata=about)

"""Makes a worker process visible on NATS: it replies to pings with its name and queues, as gateways do."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import version

import nats.micro
from nats.aio.client import Client

#: Every worker on every machine replies to `$SRV.PING.idexx-sync-worker`.
NAME = "idexx-sync-worker"


async def announce(client: Client, prefix: str, worker: str, queues: Collection[str]) -> None:
    """Starts to reply to pings with the prefix of the subjects, the worker and its queues, until the connection
    ends."""
    about = {"prefix": prefix, "worker": worker, "queues": " ".join(sorted(queues))}
    await nats.micro.add_service(client, name=NAME, version=version("idexx-sync"), metadata=about)

"""Whether NATS stores what it is given. With a full disk it answers all the same; only a write shows it."""

from __future__ import annotations

import asyncio

from dramatiq.errors import BrokerConnectionError

from actors.messages import Subjects
from broker import NatsBroker
from engine.errors import Unavailable

#: The key that is written, in the bucket of leases; it expires by itself after so many seconds.
KEY, TTL = "storage-check", 60.0
#: How long a write may take, in seconds.
WITHIN = 3.0


async def require_storage(broker: NatsBroker, within: float = WITHIN) -> None:
    """Writes one key. Raises `Unavailable` where NATS is away, has no room, or does not confirm in time."""
    try:
        async with asyncio.timeout(within):
            bucket = await broker.bucket(Subjects(broker.namespace).leases_bucket)
            await bucket.write(KEY, b"", ttl=TTL)
    except TimeoutError as error:
        raise Unavailable(unconfirmed(within), retry_after_ms=1000) from error
    except BrokerConnectionError as error:
        raise Unavailable(f"{error}; try again", retry_after_ms=1000) from error


def unconfirmed(within: float) -> str:
    """A nats-server whose disk was full stores again only after a restart."""
    return (
        f"NATS does not confirm a write within {within:g} s: look at its log and whether its disk is full; "
        "if so, free space and restart nats-server"
    )

"""Checks whether NATS stores what it receives: with a full disk it still responds, and only a write shows it."""

from __future__ import annotations

import asyncio

from dramatiq.errors import BrokerConnectionError

from actors.messages import Subjects
from broker import NatsBroker
from engine.errors import Unavailable

#: The key that the check writes, in the bucket of leases, and the seconds after which it expires.
KEY, TTL = "storage-check", 60.0
#: How long a write may take, in seconds.
WITHIN = 3.0


async def require_storage(broker: NatsBroker, within: float = WITHIN) -> None:
    """Writes one key. Raises `Unavailable` if NATS is unreachable, has no room, or does not confirm in time."""
    try:
        async with asyncio.timeout(within):
            bucket = await broker.bucket(Subjects(broker.namespace).leases_bucket)
            await bucket.write(KEY, b"", ttl=TTL)
    except TimeoutError as error:
        raise Unavailable(unconfirmed(within), retry_after_ms=1000) from error
    except BrokerConnectionError as error:
        raise Unavailable(f"{error}; try again", retry_after_ms=1000) from error


def unconfirmed(within: float) -> str:
    """The error message for an unconfirmed write.

    A nats-server whose disk was full stores again only after a restart.
    """
    return (
        f"NATS does not confirm a write within {within:g} s: look at its log and whether its disk is full; "
        "if so, free space and restart nats-server"
    )

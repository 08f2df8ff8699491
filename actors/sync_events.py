"""Follows the events of a sync: stored ones are requested, new ones are received, and a lost one is noticed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeAlias

import nats.errors
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from broker.transport.client import cancellable
from engine.events import LAST

SyncEvent: TypeAlias = dict[str, Any]

#: Returns stored events of the sync after a number, oldest first; not all of them, if a reply would be too large.
StoredEvents: TypeAlias = Callable[[int], Awaitable[list[SyncEvent]]]


async def follow_sync(
    client: Client, subject: str, stored: StoredEvents, *, after: int = 0, silence: float
) -> AsyncGenerator[SyncEvent | None]:
    """Yields each event after number `after` in order and once, up to the last one; None after each silence.

    Subscribes first, then requests the stored events. A gap in the numbers, or `silence` seconds without an event,
    leads to another request.
    """
    live = await client.subscribe(subject)
    try:
        while True:
            # A reply has not all of the stored events: request the next part until none is left.
            while events := await stored(after):
                for event in events:
                    after = event["seq"]
                    yield event
                    if event["event"] in LAST:
                        return
            while (heard := await _next(live, after, silence)) is not None:
                after = heard["seq"]
                yield heard
                if heard["event"] in LAST:
                    return
            yield None
    finally:
        await asyncio.shield(unsubscribe(live))


async def _next(live: Subscription, after: int, silence: float) -> SyncEvent | None:
    """The event after number `after` when it is published; None after a gap in the numbers, or silence."""
    try:
        while True:
            event: SyncEvent = json.loads((await cancellable(live.next_msg(timeout=silence))).data)
            if event["seq"] > after:
                return event if event["seq"] == after + 1 else None
    except nats.errors.TimeoutError:
        return None


async def unsubscribe(live: Subscription) -> None:
    """Unsubscribes. If the connection is lost, the subscription is gone with it."""
    with contextlib.suppress(OSError, nats.errors.Error):
        await live.unsubscribe()

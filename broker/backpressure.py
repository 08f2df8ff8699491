"""Lets a sender wait for room in a full mailbox without polling.

A waiting sender announces itself on a core NATS subject; for INTEREST seconds, consumers then announce each
message that leaves the mailbox. While no sender waits, nothing is published. A lost announcement costs a waiter at
most one RECHECK.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import defaultdict

from nats.aio.client import Client
from nats.aio.msg import Msg

from .names import QueueNames
from .transport.connection import Connection

#: A waiter checks without an announcement after a random half to all of this. Seconds.
RECHECK = 1.0
#: How long consumers announce free space after a sender's announcement; more than RECHECK. Seconds.
INTEREST = 2.5


class CapacitySignal:
    """Both sides of the waiting (sender and consumer) for all queues of a process. Runs on the broker's loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._awaited_until: dict[str, float] = {}
        self._subjects: dict[str, str] = {}
        self._listening: set[tuple[Client, str]] = set()
        self._made: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        #: Per mailbox: only the first waiter of a process tries to send; the others queue behind it in order.
        self.turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def watch(self, names: QueueNames) -> None:
        """Starts listening, for a consumer of the queue, for senders that wait."""
        self._subjects[names.box] = names.capacity

        async def on_waiting(_: Msg) -> None:
            self._awaited_until[names.box] = time.monotonic() + INTEREST

        await self._listen(names.waiting, on_waiting)

    def is_awaited(self, stream: str) -> bool:
        """Whether a sender has recently announced that it waits for room in `stream`."""
        return self._awaited_until.get(stream, 0.0) > time.monotonic()

    def announce(self, stream: str) -> None:
        """Announces that a message has left `stream`."""
        self._connection.send(self._subjects[stream])

    async def wait(self, names: QueueNames, timeout: float) -> None:
        """Waits until there may be room: on an announcement, after RECHECK, or after `timeout` seconds."""
        made = self._made[names.box]

        async def on_room(_: Msg) -> None:
            made.set()

        await self._listen(names.capacity, on_room)
        made.clear()
        self._connection.send(names.waiting)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(timeout, random.uniform(RECHECK / 2, RECHECK))):  # noqa: S311
                await made.wait()

    async def _listen(self, subject: str, callback: object) -> None:
        client = await self._connection.client()
        if (client, subject) not in self._listening:
            self._listening.add((client, subject))
            await client.subscribe(subject, cb=callback)  # type: ignore[arg-type]

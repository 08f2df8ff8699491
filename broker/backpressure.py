"""Waiting for room in a full mailbox: woken by a consumer that acks, not by trying again and again.

A waiting sender says so on a core subject; for a short while, consumers then announce each place they make.
Nothing is published while nobody waits. A message lost on the way costs a waiter one `RECHECK`.
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

#: A waiter looks for itself after between half of this and all of it. Seconds.
RECHECK = 1.0
#: How long consumers announce places after a sender said that it waits; more than RECHECK. Seconds.
INTEREST = 2.5


class CapacitySignal:
    """Both sides of the waiting, for every queue of a process. Runs on the broker's loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._awaited_until: dict[str, float] = {}
        self._subjects: dict[str, str] = {}
        self._listening: set[tuple[Client, str]] = set()
        self._made: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        #: Only the first waiter of a process tries; the others stand behind it in order.
        self.turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def watch(self, names: QueueNames) -> None:
        """A consumer of the queue begins to hear whether senders wait."""
        self._subjects[names.box] = names.capacity

        async def on_waiting(_: Msg) -> None:
            self._awaited_until[names.box] = time.monotonic() + INTEREST

        await self._listen(names.waiting, on_waiting)

    def is_awaited(self, stream: str) -> bool:
        """Whether a sender waits for room in `stream`."""
        return self._awaited_until.get(stream, 0.0) > time.monotonic()

    def announce(self, stream: str) -> None:
        """A message has left `stream`."""
        self._connection.send(self._subjects[stream])

    async def wait(self, names: QueueNames, timeout: float) -> None:
        """Returns when there may be room, or after `timeout` seconds, or now and then."""
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

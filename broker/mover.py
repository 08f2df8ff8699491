"""Delays on a server without scheduled messages (older than 2.12): this does for it what newer ones do themselves.

A delayed message waits in the same stream, at a durable that all workers share. One of them is given it at once, and
gives it back until its time; meanwhile it is the server's, so that 100,000 of them cost a worker nothing. When its
time has come, it is stored as due, and then removed where it waited. A server that restarts may send it early: it is
given back once more.
"""

from __future__ import annotations

import asyncio

from dramatiq.logging import get_logger

from .clock import ServerClock
from .connection import Connection
from .delivery import Delivery
from .held import ACK, Held
from .intake import Intake, Source
from .names import WAITING, QueueNames
from .publisher import Letter, Publisher

#: The header that says when a message is due, by the server's clock, in seconds since the epoch.
DUE = "Broker-Due"
#: How many messages one worker looks at at once.
PREFETCH = 200
#: A message that could not be moved on is tried again after this. Seconds.
PAUSE = 1.0


class Mover:
    """Moves what is due in one queue. Runs on the broker's loop."""

    def __init__(self, connection: Connection, held: Held, publisher: Publisher, names: QueueNames) -> None:
        self._connection = connection
        self._held = held
        self._publisher = publisher
        self._names = names
        self._clock = ServerClock(names.later)
        source = Source(names.later, WAITING)
        self._intake = Intake(connection, held, [source], PREFETCH, give_backs=1, receive=self._receive)
        self._tasks: set[asyncio.Task[None]] = set()
        self._logger = get_logger(__name__, type(self))

    async def start(self) -> None:
        """Begins to look at what waits; raises BrokerConnectionError when no server can be reached."""
        await self._intake.start()

    async def stop(self) -> None:
        """Ends when what is being moved has been."""
        await self._intake.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _receive(self, delivery: Delivery) -> None:
        task = asyncio.ensure_future(self._look_at(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_at(self, delivery: Delivery) -> None:
        try:
            now = await self._clock.now(await self._connection.connected())
            remaining = float(delivery.headers.get(DUE, now)) - now
            if remaining > 0:
                self._held.give_back(delivery, remaining)
                return
            await self._publisher.publish(self._letter(delivery))
        except Exception as error:
            self._logger.warning(
                "A delayed message of %r is tried again in %g s: %s", self._names.queue, PAUSE, error
            )
            self._held.give_back(delivery, PAUSE)
        else:
            self._held.settle(delivery, ACK)

    def _letter(self, delivery: Delivery) -> Letter:
        level = delivery.subject.rpartition(".")[2]
        message_id = {"Nats-Msg-Id": delivery.identity}
        return Letter(self._names.later, self._names.due(level), delivery.payload, message_id)

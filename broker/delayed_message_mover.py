"""Moves delayed messages that are due, on a server without scheduled messages (older than 2.12).

A delayed message waits in the same stream, at a durable consumer that all workers share. A worker receives it
immediately and gives it back until it is due. In between the server holds it, so 100,000 delayed messages cost a
worker nothing. When the message is due, the mover stores it as due and then acks the original. A restarted server
may deliver it early: it is given back once more.
"""

from __future__ import annotations

import asyncio

from dramatiq.logging import get_logger

from .delivery import Delivery
from .in_flight import ACK, InFlight
from .names import WAITING, QueueNames
from .publisher import OutgoingMessage, Publisher
from .pull_consumer import PullConsumer, Source
from .transport.clock import ServerClock
from .transport.connection import Connection

#: The header with a message's due time, by the server's clock. Seconds since the epoch.
DUE = "Broker-Due"
#: How many messages one worker checks concurrently.
PREFETCH = 200
#: A message that could not be moved is retried after this. Seconds.
PAUSE = 1.0


class DelayedMessageMover:
    """Moves the due messages of one queue. Runs on the broker's loop."""

    def __init__(
        self, connection: Connection, in_flight: InFlight, publisher: Publisher, names: QueueNames
    ) -> None:
        self._connection = connection
        self._in_flight = in_flight
        self._publisher = publisher
        self._names = names
        self._clock = ServerClock(names.later)
        source = Source(names.later, WAITING)
        self._pull_consumer = PullConsumer(
            connection, in_flight, [source], PREFETCH, give_backs=1, receive=self._receive
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._logger = get_logger(__name__, type(self))

    async def start(self) -> None:
        """Starts pulling delayed messages; raises BrokerConnectionError when no server can be reached."""
        await self._pull_consumer.start()

    async def stop(self) -> None:
        """Stops pulling and waits for the moves in progress."""
        await self._pull_consumer.stop()
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
                self._in_flight.give_back(delivery, remaining)
                return
            await self._publisher.publish(self._letter(delivery))
        except Exception as error:
            self._logger.warning(
                "A delayed message of queue %r could not be moved to its queue; retrying in %g s: %s",
                self._names.queue,
                PAUSE,
                error,
            )
            self._in_flight.give_back(delivery, PAUSE)
        else:
            self._in_flight.settle(delivery, ACK)

    def _letter(self, delivery: Delivery) -> OutgoingMessage:
        level = delivery.subject.rpartition(".")[2]
        message_id = {"Nats-Msg-Id": delivery.identity}
        return OutgoingMessage(self._names.later, self._names.due(level), delivery.payload, message_id)

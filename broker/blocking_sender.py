"""Storing messages from any thread but the loop's: the blocking side of `Sender`."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

import nats.js.errors
from dramatiq import Message

from .names import QueueNames
from .publisher import OutgoingMessage, Publisher
from .sender import Sender
from .streams import Streams
from .transport.loop import LoopThread

#: How many delayed messages of one batch are under way at once.
WINDOW = 500

#: Messages of one batch that are due within this, after the same delay, become due at one moment. The server fires
#: what has the same time together, and what is due a moment later a quarter of a second after it. Seconds.
TOGETHER = 0.2


class SendRequest(NamedTuple):
    """What is to be stored, and where."""

    names: QueueNames
    message: Message[Any]
    #: Milliseconds, as the sender gave it; None: to be run at once.
    delay: int | None
    #: When the delay is over, by the monotonic clock.
    due: float | None


def due_together(orders: list[SendRequest]) -> list[SendRequest]:
    """The orders of a batch, those with the same delay due at the same moment: when the last of them is."""
    latest: dict[int, float] = {}
    found: list[SendRequest] = []
    for order in reversed(orders):
        if order.delay is not None and order.due is not None:
            if latest.get(order.delay, float("inf")) - order.due > TOGETHER:
                latest[order.delay] = order.due
            order = order._replace(due=latest[order.delay])
        found.append(order)
    return found[::-1]


class BlockingSender:
    """Hands letters over to the loop and waits for what becomes of them."""

    def __init__(self, thread: LoopThread, streams: Streams, publisher: Publisher, sender: Sender) -> None:
        self._thread = thread
        self._streams = streams
        self._publisher = publisher
        self._sender = sender

    def store(self, order: SendRequest, *, wait: float, admitted: bool) -> None:
        """Stores one message, waiting at most `wait` seconds for room. Raises MailboxFull.

        `admitted`: it follows from a message that was admitted; where there is no room, it is due at once.
        """
        names, message, _, due = order
        if due is not None:
            self._thread.run(self._sender.schedule(names, message, due))
            return
        outgoing = self._sender.outgoing(names, message)
        if not self._streams.knows(names.box):
            self._thread.run(self._streams.box(names))
        try:
            self._publisher.publish_blocking(outgoing)
        except nats.js.errors.APIError as error:
            full = self._sender.refusal(names, error)
            if admitted:
                self._thread.run(self._sender.schedule(names, message, time.monotonic()))
            elif wait > 0:
                self._thread.run(self._sender.store(names, outgoing, wait))
            else:
                raise full from None

    def store_many(self, orders: list[SendRequest], *, wait: float) -> list[Exception | None]:
        """Stores many messages together: what went wrong with each, or None."""
        outgoing_messages = [
            (one.names, self._sender.outgoing(one.names, one.message)) for one in orders if one.due is None
        ]
        return self._thread.run(self._store_together(orders, outgoing_messages, wait))

    async def _store_together(
        self, orders: list[SendRequest], outgoing_messages: list[tuple[QueueNames, OutgoingMessage]], wait: float
    ) -> list[Exception | None]:
        window = asyncio.Semaphore(WINDOW)

        async def schedule(names: QueueNames, message: Message[Any], due: float) -> Exception | None:
            async with window:
                try:
                    await self._sender.schedule(names, message, due)
                except Exception as error:
                    return error
            return None

        stored = iter(await self._sender.store_many(outgoing_messages, wait))
        later = [schedule(one.names, one.message, one.due) for one in orders if one.due is not None]
        scheduled = iter(await asyncio.gather(*later))
        return [next(stored if one.due is None else scheduled) for one in orders]

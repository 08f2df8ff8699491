"""Stores messages from any thread except the loop's: the blocking counterpart of `Sender`."""

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

#: How many delayed messages of one batch are published concurrently.
WINDOW = 500

#: Messages of one batch with the same delay that are due within this time get the same due time. The server
#: releases messages with the same due time together, but one due a moment later about a quarter of a second later.
#: Seconds.
TOGETHER = 0.2


class SendRequest(NamedTuple):
    """A message to store, and its queue."""

    names: QueueNames
    message: Message[Any]
    #: Milliseconds, as the caller gave it; None: run immediately.
    delay: int | None
    #: When the delay ends, by the monotonic clock.
    due: float | None


def due_together(orders: list[SendRequest]) -> list[SendRequest]:
    """Returns a batch in which messages with the same delay and nearly the same due time share the latest of
    them."""
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
    """Submits messages to the loop and waits for the outcome."""

    def __init__(self, thread: LoopThread, streams: Streams, publisher: Publisher, sender: Sender) -> None:
        self._thread = thread
        self._streams = streams
        self._publisher = publisher
        self._sender = sender

    def store(self, order: SendRequest, *, wait: float, admitted: bool) -> None:
        """Stores one message, waiting at most `wait` seconds for room. Raises MailboxFull.

        `admitted`: the message follows from an admitted one; if the mailbox is full, it is stored as due
        immediately.
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
        """Stores many messages together; returns the error of each, or None."""
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

"""Storing messages from any thread but the loop's: the blocking side of `Sender`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import nats.js.errors
from dramatiq import Message

from .loop import LoopThread
from .names import QueueNames
from .publisher import Letter, Publisher
from .sender import Sender
from .streams import Streams

#: How many delayed messages of one batch are under way at once.
WINDOW = 500

#: A message, the queue it is for, and when it is due by the monotonic clock (None: at once).
Order = tuple[QueueNames, Message[Any], float | None]


class Outbox:
    """Hands letters over to the loop and waits for what becomes of them."""

    def __init__(self, thread: LoopThread, streams: Streams, publisher: Publisher, sender: Sender) -> None:
        self._thread = thread
        self._streams = streams
        self._publisher = publisher
        self._sender = sender

    def store(self, order: Order, *, wait: float, admitted: bool) -> None:
        """Stores one message, waiting at most `wait` seconds for room. Raises MailboxFull.

        `admitted`: it follows from a message that was admitted; where there is no room, it is due at once.
        """
        names, message, due = order
        if due is not None:
            self._thread.run(self._sender.schedule(names, message, due))
            return
        letter = self._sender.letter(names, message)
        if not self._streams.knows(names.box):
            self._thread.run(self._streams.box(names))
        try:
            self._publisher.publish_blocking(letter)
        except nats.js.errors.APIError as error:
            full = self._sender.refusal(names, error)
            if admitted:
                self._thread.run(self._sender.schedule(names, message, time.monotonic()))
            elif wait > 0:
                self._thread.run(self._sender.store(names, letter, wait))
            else:
                raise full from None

    def store_many(self, orders: list[Order], *, wait: float) -> list[Exception | None]:
        """Stores many messages together: what went wrong with each, or None."""
        letters = [
            (names, self._sender.letter(names, message)) for names, message, delay in orders if delay is None
        ]
        return self._thread.run(self._store_together(orders, letters, wait))

    async def _store_together(
        self, orders: list[Order], letters: list[tuple[QueueNames, Letter]], wait: float
    ) -> list[Exception | None]:
        window = asyncio.Semaphore(WINDOW)

        async def schedule(names: QueueNames, message: Message[Any], due: float) -> Exception | None:
            async with window:
                try:
                    await self._sender.schedule(names, message, due)
                except Exception as error:
                    return error
            return None

        stored = iter(await self._sender.store_many(letters, wait))
        later = [schedule(names, message, due) for names, message, due in orders if due is not None]
        scheduled = iter(await asyncio.gather(*later))
        return [next(stored if due is None else scheduled) for _, _, due in orders]

"""Pulls continuously from the durable consumers of a queue, never holding more messages than the prefetch.

nats-py's `fetch` stalls and does not survive a reconnection, so this module implements the pull protocol itself.
From each durable it requests as many messages as it has room for and as are known to be pending there. If none are
known to be pending, one request stays open, so that the next message arrives immediately.

The pending count comes from the last delivery, and other workers also take messages. If a consumer stays silent,
its pending count is treated as 0 and its slots go to lower priorities.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import nats.errors
from nats.aio.subscription import Subscription

from .delivery import Delivery
from .in_flight import InFlight
from .transport.client import OrderedClient, read_headers
from .transport.connection import Connection
from .transport.loop import log_failure

#: How long a request stays open at the server, and how often the server sends a heartbeat for it. Seconds.
EXPIRES, HEARTBEAT = 30.0, 5.0
LASTING = {"expires": int(EXPIRES * 1e9), "idle_heartbeat": int(HEARTBEAT * 1e9)}
#: How long requests to a durable may stay without a responder before it counts as gone. Seconds.
NO_STREAM_AFTER = 3.0
PAUSE = 0.25
#: A durable that sends nothing for this long after a request counts as empty. Seconds.
SILENCE = 0.05


@dataclass(slots=True)
class Source:
    """One durable consumer: how many messages are requested from it, and how many are known to be pending."""

    stream: str
    durable: str
    asked: int = 0
    waiting: int = 0
    #: Whether `waiting` is known; until then, nothing is requested from lower ranks.
    known: bool = False
    #: When it last responded, by the monotonic clock. Kept per durable: a response of one says nothing about
    #: another.
    heard: float = 0.0

    @property
    def request_subject(self) -> str:
        """The subject for requesting messages of this durable."""
        return f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self.durable}"


class PullConsumer:
    """Pulls for one consumer of the worker, from `sources` in order of their rank."""

    def __init__(
        self,
        connection: Connection,
        in_flight: InFlight,
        sources: list[Source],
        prefetch: int,
        give_backs: int,
        receive: Callable[[Delivery], None],
    ) -> None:
        """`give_backs`: a message delivered more often than this is kept even when there is no room. Each nak
        counts as a delivery, and a message must not become a dead letter because all workers are busy."""
        self._connection = connection
        self._held_by_process = in_flight
        self._sources = sources
        self._prefetch = prefetch
        self._give_backs = give_backs
        self._receive = receive
        self._by_name = {(source.stream, source.durable): source for source in sources}
        self._holding: WeakValueDictionary[str, Delivery] = WeakValueDictionary()
        self._round = 0
        self._unanswered_since: float | None = None
        self._asking = False
        self._doubting = False
        self._closing = False
        self._watching: asyncio.Task[None] | None = None
        #: Why no more messages can arrive; the worker then makes a new consumer.
        self.failure: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether no more messages can arrive."""
        return self.failure is not None or self._client.is_closed

    async def start(self) -> None:
        """Subscribes and requests the first messages."""
        self._client: OrderedClient = await self._connection.client()
        self._inbox = self._client.new_inbox()
        self._subscription: Subscription = await self._client.listen(f"{self._inbox}.>", self._on_message)
        self._connection.back_callbacks.append(self._repeat_request)
        self._watching = asyncio.create_task(self._watch())
        self._watching.add_done_callback(log_failure)
        self._ask()

    def release(self, delivery: Delivery) -> None:
        """Frees the slot of a settled message."""
        self._holding.pop(delivery.identity, None)
        self._ask_soon()

    async def stop(self, timeout: float = 2.0) -> None:
        """Stops pulling. Messages that still arrive are given back immediately, not after the ack wait."""
        self._closing = True
        with contextlib.suppress(ValueError):
            self._connection.back_callbacks.remove(self._repeat_request)
        try:
            if self._connection.is_up and not self._client.is_closed:
                async with asyncio.timeout(timeout):
                    await self._subscription.drain()
            elif not self._client.is_closed:
                await self._subscription.unsubscribe()
        except (TimeoutError, OSError, nats.errors.Error):
            pass  # the connection is closing, and its requests end with it
        if self._watching is not None:
            self._watching.cancel()

    def _on_message(self, subject: bytes, reply: bytes, payload: bytes, headers: bytes | None) -> None:
        if reply.startswith(b"$JS.ACK."):
            self._on_delivery(Delivery.read(subject, reply, payload, headers))
        else:
            self._on_status(subject.decode(), read_headers(headers))

    def _on_delivery(self, delivery: Delivery) -> None:
        self._unanswered_since = None
        source = self._by_name[delivery.stream, delivery.durable]
        source.asked = max(0, source.asked - 1)
        source.known = True
        source.heard = time.monotonic()
        # The server's pending count does not include messages that were given back or timed out.
        source.waiting = delivery.behind or (self._prefetch if delivery.deliveries > 1 else 0)
        if delivery.identity in self._holding:
            # This process, or its loop, was stopped for longer than the ack wait. The copy held here is settled
            # anyway.
            return
        is_full = len(self._holding) >= self._prefetch
        if self._closing or (is_full and delivery.deliveries <= self._give_backs):
            self._held_by_process.give_back(delivery)
            return
        delivery.release = self.release
        self._holding[delivery.identity] = delivery
        self._held_by_process.hold(delivery)
        self._receive(delivery)
        self._ask_soon()

    def _on_status(self, subject: str, headers: dict[str, str]) -> None:
        status, description = headers.get("Status", ""), headers.get("Description", "")
        index, _, number = subject.removeprefix(self._inbox + ".").partition(".")
        if self._closing or number != str(self._round):
            return
        source = self._sources[int(index)]
        source.heard = time.monotonic()
        if status == "100":
            return
        source.asked = max(0, source.asked - int(headers.get("Nats-Pending-Messages", source.asked)))
        source.waiting = 0
        source.known = True
        if "Consumer Deleted" in description:
            self.failure = f"the consumer {source.durable!r} of {source.stream!r} was deleted"
        elif status in ("404", "408") and "Leadership" not in description:
            self._ask_soon()
        else:
            self._on_refusal(status)

    def _on_refusal(self, status: str) -> None:
        now = time.monotonic()
        if status == "503":
            self._unanswered_since = self._unanswered_since or now
            if now - self._unanswered_since > NO_STREAM_AFTER:
                self.failure = "no stream answers for it"
        asyncio.get_running_loop().call_later(PAUSE, self._ask)

    def _ask_soon(self) -> None:
        """Requests more messages after the current callbacks of the loop, so that messages settled together lead
        to one request. Waiting longer would leave the worker idle."""
        if not self._closing and not self._asking:
            self._asking = True
            asyncio.get_running_loop().call_soon(self._ask)

    def _ask(self) -> None:
        self._asking = False
        capacity = self._prefetch - len(self._holding)
        if capacity <= 0 or self._closing:
            return
        *upper, lowest = self._sources
        for index, source in enumerate(upper):
            self._doubt(source)
            if not source.known:
                if not source.asked:
                    self._request(index, source, capacity, {"no_wait": True})
                break
            self._ask_for(index, source, min(capacity, max(source.waiting, 1)))
            capacity -= min(capacity, source.waiting)
        else:
            self._ask_for(len(upper), lowest, capacity)
        if not self._doubting and any(source.waiting or not source.known for source in upper):
            self._doubting = True
            asyncio.get_running_loop().call_later(SILENCE, self._ask_in_doubt)

    def _doubt(self, source: Source) -> None:
        if source.asked and time.monotonic() - source.heard > SILENCE:
            source.waiting, source.known = 0, True

    def _ask_in_doubt(self) -> None:
        self._doubting = False
        self._ask_soon()

    def _ask_for(self, index: int, source: Source, goal: int) -> None:
        if goal > source.asked:
            self._request(index, source, goal - source.asked, LASTING)

    def _request(self, index: int, source: Source, count: int, terms: dict[str, Any]) -> None:
        if not source.asked:
            source.heard = time.monotonic()
        source.asked += count
        request = json.dumps({"batch": count, **terms}).encode()
        self._connection.send(source.request_subject, request, f"{self._inbox}.{index}.{self._round}")

    async def _repeat_request(self) -> None:
        """Repeats the requests after a reconnection: the server drops them with the connection."""
        if self.is_over:
            return
        self._round += 1
        for source in self._sources:
            source.asked, source.known = 0, False
        self._ask()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            silent_since = time.monotonic() - 2.2 * HEARTBEAT
            if self._connection.is_up and any(one.asked and one.heard < silent_since for one in self._sources):
                await self._repeat_request()
            else:
                self._ask_soon()  # messages dropped without being settled have also freed slots

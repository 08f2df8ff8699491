"""Publishes messages with confirmation, from the loop or any thread, many at the same time."""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import json
import os
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import nats.errors
import nats.js.errors

from .errors import MessageTooLarge, is_passing, transport
from .transport.client import OrderedClient, write_headers
from .transport.connection import Connection
from .transport.loop import LoopThread, WakeUp, wait
from .transport.retry import retried

#: How long one attempt waits for confirmation before a retry with the same Nats-Msg-Id. Seconds.
ATTEMPT = 2.0
PAUSE = 0.1
#: How many publishes of one `publish_many` are unconfirmed at the same time.
WINDOW = 500
#: How much a retry (its traceback) and a dead letter (its reason) may add to a message; at most an eighth of
#: `max_payload`. Without this headroom, a message that just fits could fail and then be neither retried nor stored
#: as a dead letter. Bytes.
GROWTH = 8192


@dataclass(slots=True)
class OutgoingMessage:
    """A message to store, and its stream. The headers carry a `Nats-Msg-Id`, so a second attempt has no effect."""

    stream: str
    subject: str
    payload: bytes
    headers: dict[str, str] = field(default_factory=dict)
    #: Whether its retry or dead letter may be larger: then it must leave room for GROWTH within `max_payload`.
    needs_headroom: bool = False


@dataclass(frozen=True, slots=True)
class PubAck:
    """The server's confirmation. `duplicate`: the message was already stored, within the duplicate window."""

    stream: str
    sequence: int
    duplicate: bool


Outcome = asyncio.Future[PubAck] | concurrent.futures.Future[PubAck]


class Publisher:
    """Stores messages in streams. How durable a confirmed message is depends on `sync_interval`; see the
    README."""

    def __init__(
        self,
        connection: Connection,
        thread: LoopThread,
        timeout: float,
        declare: Callable[[str], Awaitable[None]],
    ) -> None:
        """`declare` recreates a message's stream; it is called when the stream does not respond."""
        self._connection = connection
        self._thread = thread
        self._timeout = timeout
        self._declare = declare
        self._blocking_sender: deque[tuple[OutgoingMessage, concurrent.futures.Future[PubAck]]] = deque()
        self._wake_up = WakeUp(thread, self._empty_outbox)
        self._connecting: asyncio.Task[None] | None = None
        self._client: OrderedClient | None = None
        self._inbox = ""
        self._numbers = itertools.count()
        #: Unconfirmed publishes by number, oldest first: the outcome, and the deadline by the loop's clock.
        self._under_way: dict[int, tuple[Outcome, float]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        connection.lost_callbacks.append(self._on_lost)

    def publish_blocking(self, outgoing: OutgoingMessage) -> PubAck:
        """As `publish`, from any thread except the loop's."""
        return self.collect(outgoing, self.submit(outgoing))

    def submit(self, outgoing: OutgoingMessage) -> concurrent.futures.Future[PubAck]:
        """Publishes from any thread without waiting. Many calls cost the loop one wake-up."""
        outcome: concurrent.futures.Future[PubAck] = concurrent.futures.Future()
        self._blocking_sender.append((outgoing, outcome))
        self._wake_up.trigger()
        return outcome

    def collect(self, outgoing: OutgoingMessage, outcome: concurrent.futures.Future[PubAck]) -> PubAck:
        """Waits for the outcome of `submit`, and retries if the first attempt failed temporarily."""
        try:
            return wait(outcome)
        except Exception as error:
            if not is_passing(error):
                raise
        return self._thread.run(self.publish(outgoing))

    async def publish(self, outgoing: OutgoingMessage) -> PubAck:
        """Stores `outgoing`, retrying within the publisher's timeout; then raises BrokerConnectionError."""
        unanswered = False

        def note(error: Exception) -> None:
            nonlocal unanswered
            unanswered = isinstance(error, nats.js.errors.NoStreamResponseError)

        async def attempt() -> PubAck:
            if unanswered:
                await self._declare(outgoing.stream)
            return await self._attempt(outgoing)

        with transport():
            return await retried(attempt, pause=PAUSE, within=self._timeout, before_pause=note)

    async def publish_many(self, outgoing_messages: list[OutgoingMessage]) -> list[PubAck | Exception]:
        """Stores many messages, up to WINDOW at the same time; returns their outcomes in order."""
        outcomes: list[asyncio.Future[PubAck]] = []
        client = await self._connection.connected()
        await self._listen(client)
        for number, outgoing in enumerate(outgoing_messages):
            outcome: asyncio.Future[PubAck] = asyncio.get_running_loop().create_future()
            outcomes.append(outcome)
            self._send(client, outgoing, outcome)
            if number >= WINDOW:
                await asyncio.wait([outcomes[number - WINDOW]])
        return [await self._conclude(*pair) for pair in zip(outgoing_messages, outcomes, strict=True)]

    async def _conclude(self, outgoing: OutgoingMessage, outcome: asyncio.Future[PubAck]) -> PubAck | Exception:
        try:
            return await outcome
        except Exception as error:
            if not is_passing(error):
                return error
        try:
            return await self.publish(outgoing)
        except Exception as error:
            return error

    async def _attempt(self, outgoing: OutgoingMessage) -> PubAck:
        client = await self._connection.connected()
        await self._listen(client)
        outcome: asyncio.Future[PubAck] = asyncio.get_running_loop().create_future()
        self._send(client, outgoing, outcome)
        return await outcome

    def _empty_outbox(self) -> None:
        client = self._connection.live_client
        if client is not None and client is self._client:
            self._send_outbox(client)
        elif self._connecting is None or self._connecting.done():
            self._connecting = self._thread.loop.create_task(self._connect_and_send())

    async def _connect_and_send(self) -> None:
        try:
            client = await self._connection.client()
            await self._listen(client)
        except Exception as error:
            while self._blocking_sender:
                outcome = self._blocking_sender.popleft()[1]
                if outcome.set_running_or_notify_cancel():
                    outcome.set_exception(error)
        else:
            self._send_outbox(client)

    def _send_outbox(self, client: OrderedClient) -> None:
        while self._blocking_sender:
            outgoing, outcome = self._blocking_sender.popleft()
            if outcome.set_running_or_notify_cancel():
                self._send(client, outgoing, outcome)

    def _send(self, client: OrderedClient, outgoing: OutgoingMessage, outcome: Outcome) -> None:
        number = next(self._numbers)
        try:
            headers = write_headers(outgoing.headers)
            size, limit = len(headers) + len(outgoing.payload), client.max_payload
            if outgoing.needs_headroom:
                limit -= min(GROWTH, limit // 8)
            if size > limit:
                raise MessageTooLarge(size, limit)
            client.post(outgoing.subject, outgoing.payload, f"{self._inbox}{number}", headers)
        except Exception as error:
            if not outcome.done():
                outcome.set_exception(error)
            return
        loop = self._thread.loop
        self._under_way[number] = (outcome, loop.time() + ATTEMPT)
        if self._sweeping is None:
            self._sweeping = loop.call_later(ATTEMPT, self._sweep)

    async def _listen(self, client: OrderedClient) -> None:
        if client is not self._client:
            inbox = f"{client.new_inbox()}.{os.getpid()}."
            await client.listen(f"{inbox}*", self._on_reply)
            self._client, self._inbox = client, inbox

    def _on_reply(self, subject: bytes, _reply: bytes, data: bytes, _headers: bytes | None) -> None:
        self._settle(int(subject.rpartition(b".")[2]), _read(data))

    def _settle(self, number: int, answer: PubAck | Exception) -> None:
        outcome, _ = self._under_way.pop(number, (None, 0))
        if outcome is None or outcome.done():
            return
        if isinstance(answer, Exception):
            outcome.set_exception(answer)
        else:
            outcome.set_result(answer)

    def _sweep(self) -> None:
        """Fails the attempts that got no confirmation in time, oldest first."""
        self._sweeping, now = None, self._thread.loop.time()
        for number, (_, deadline) in list(self._under_way.items()):
            if deadline > now:
                self._sweeping = self._thread.loop.call_later(deadline - now, self._sweep)
                return
            self._settle(number, TimeoutError("no confirmation"))

    def _on_lost(self) -> None:
        # It is unknown whether these were stored: they are sent again with the same Nats-Msg-Id.
        for number in list(self._under_way):
            self._settle(number, nats.errors.ConnectionClosedError())


def _read(data: bytes) -> PubAck | Exception:
    if not data:
        return nats.js.errors.NoStreamResponseError()
    answer: dict[str, Any] = json.loads(data)
    if "error" in answer:
        return _error(answer["error"])
    return PubAck(answer["stream"], answer.get("seq", 0), answer.get("duplicate", False))


def _error(fields: dict[str, Any]) -> Exception:
    try:
        nats.js.errors.APIError.from_error(fields)
    except nats.js.errors.APIError as error:
        return error
    raise AssertionError("from_error always raises")

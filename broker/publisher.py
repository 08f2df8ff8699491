"""Publishing with confirmation, from the loop or from any thread, with many publishes under way at once."""

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

#: How long one attempt waits for its confirmation before it is made again with the same Nats-Msg-Id. Seconds.
ATTEMPT = 2.0
PAUSE = 0.1
#: How many publishes of one `publish_many` are under way at once.
WINDOW = 500
#: What a retry (its traceback) and a dead letter (its reason) add to a message at most; of a small `max_payload`, an
#: eighth. Without it a message that just fits could fail, and then be neither tried again nor put away. Bytes.
GROWTH = 8192


@dataclass(slots=True)
class OutgoingMessage:
    """What is to be stored, where; the headers carry a `Nats-Msg-Id`, so that a second attempt changes nothing."""

    stream: str
    subject: str
    payload: bytes
    headers: dict[str, str] = field(default_factory=dict)
    #: Whether what follows from it may be larger: then it must leave GROWTH bytes of the server's `max_payload`.
    needs_headroom: bool = False


@dataclass(frozen=True, slots=True)
class PubAck:
    """The server's confirmation. `duplicate`: the same message was stored before, within the duplicate window."""

    stream: str
    sequence: int
    duplicate: bool


Outcome = asyncio.Future[PubAck] | concurrent.futures.Future[PubAck]


class Publisher:
    """Stores letters in streams. A confirmation means what the server's `sync_interval` says; see the README."""

    def __init__(
        self,
        connection: Connection,
        thread: LoopThread,
        timeout: float,
        declare: Callable[[str], Awaitable[None]],
    ) -> None:
        """`declare` makes a letter's stream anew; it is asked when that does not answer."""
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
        #: By number, the oldest first: what waits for a confirmation, and until when.
        self._under_way: dict[int, tuple[Outcome, float]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        connection.lost_callbacks.append(self._on_lost)

    def publish_blocking(self, outgoing: OutgoingMessage) -> PubAck:
        """As `publish`, from any thread but the loop's."""
        return self.collect(outgoing, self.submit(outgoing))

    def submit(self, outgoing: OutgoingMessage) -> concurrent.futures.Future[PubAck]:
        """Sends from any thread, without waiting. Many submissions cost the loop one wake-up."""
        outcome: concurrent.futures.Future[PubAck] = concurrent.futures.Future()
        self._blocking_sender.append((outgoing, outcome))
        self._wake_up.trigger()
        return outcome

    def collect(self, outgoing: OutgoingMessage, outcome: concurrent.futures.Future[PubAck]) -> PubAck:
        """Waits for what `submit` began, and carries it on when the first attempt failed in passing."""
        try:
            return wait(outcome)
        except Exception as error:
            if not is_passing(error):
                raise
        return self._thread.run(self.publish(outgoing))

    async def publish(self, outgoing: OutgoingMessage) -> PubAck:
        """Stores `outgoing`, trying again for the publisher's time-out. Raises BrokerConnectionError after that."""
        deadline = asyncio.get_running_loop().time() + self._timeout
        unanswered = False
        while True:
            try:
                if unanswered:
                    await self._declare(outgoing.stream)
                return await self._attempt(outgoing)
            except Exception as error:
                if not is_passing(error):
                    raise
                if asyncio.get_running_loop().time() + PAUSE > deadline:
                    with transport():
                        raise
                unanswered = isinstance(error, nats.js.errors.NoStreamResponseError)
            await asyncio.sleep(PAUSE)

    async def publish_many(self, outgoing_messages: list[OutgoingMessage]) -> list[PubAck | Exception]:
        """Stores many letters, a window of them under way at once; the outcome of each, in their order."""
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
        """Ends the attempts that got no answer; the oldest is the first."""
        self._sweeping, now = None, self._thread.loop.time()
        for number, (_, deadline) in list(self._under_way.items()):
            if deadline > now:
                self._sweeping = self._thread.loop.call_later(deadline - now, self._sweep)
                return
            self._settle(number, TimeoutError("no confirmation"))

    def _on_lost(self) -> None:
        # Whether these were stored is unknown: they are sent again, with the same Nats-Msg-Id.
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

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
from nats.aio.client import Client
from nats.aio.msg import Msg

from .connection import Connection
from .errors import MessageTooLarge, is_passing, transport
from .loop import LoopThread, wait

#: How long one attempt waits for its confirmation before it is made again with the same Nats-Msg-Id. Seconds.
ATTEMPT = 2.0
PAUSE = 0.1
#: How many publishes of one `publish_many` are under way at once.
WINDOW = 500


@dataclass(slots=True)
class Letter:
    """What is to be stored, where; the headers carry a `Nats-Msg-Id`, so that a second attempt changes nothing."""

    stream: str
    subject: str
    payload: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """The server's confirmation. `duplicate`: the same message was stored before, within the duplicate window."""

    stream: str
    sequence: int
    duplicate: bool


Outcome = asyncio.Future[Stored] | concurrent.futures.Future[Stored]


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
        self._outbox: deque[tuple[Letter, concurrent.futures.Future[Stored]]] = deque()
        self._awake = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: Client | None = None
        self._inbox = ""
        self._numbers = itertools.count()
        self._under_way: dict[str, tuple[Outcome, asyncio.TimerHandle]] = {}
        connection.lost_callbacks.append(self._on_lost)

    def publish_blocking(self, letter: Letter) -> Stored:
        """As `publish`, from any thread but the loop's."""
        return self.collect(letter, self.submit(letter))

    def submit(self, letter: Letter) -> concurrent.futures.Future[Stored]:
        """Sends from any thread, without waiting. Many submissions cost the loop one wake-up."""
        outcome: concurrent.futures.Future[Stored] = concurrent.futures.Future()
        self._outbox.append((letter, outcome))
        if not self._awake:
            self._awake = True
            self._thread.call(self._empty_outbox)
        return outcome

    def collect(self, letter: Letter, outcome: concurrent.futures.Future[Stored]) -> Stored:
        """Waits for what `submit` began, and carries it on when the first attempt failed in passing."""
        try:
            return wait(outcome)
        except Exception as error:
            if not is_passing(error):
                raise
        return self._thread.run(self.publish(letter))

    async def publish(self, letter: Letter) -> Stored:
        """Stores `letter`, trying again for the publisher's time-out. Raises BrokerConnectionError after that."""
        deadline = asyncio.get_running_loop().time() + self._timeout
        unanswered = False
        while True:
            try:
                if unanswered:
                    await self._declare(letter.stream)
                return await self._attempt(letter)
            except Exception as error:
                if not is_passing(error):
                    raise
                if asyncio.get_running_loop().time() + PAUSE > deadline:
                    with transport():
                        raise
                unanswered = isinstance(error, nats.js.errors.NoStreamResponseError)
            await asyncio.sleep(PAUSE)

    async def publish_many(self, letters: list[Letter]) -> list[Stored | Exception]:
        """Stores many letters, a window of them under way at once; the outcome of each, in their order."""
        outcomes: list[asyncio.Future[Stored]] = []
        client = await self._connection.connected()
        for number, letter in enumerate(letters):
            outcome: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
            outcomes.append(outcome)
            await self._send(client, letter, outcome)
            if number >= WINDOW:
                await asyncio.wait([outcomes[number - WINDOW]])
        return [await self._conclude(*pair) for pair in zip(letters, outcomes, strict=True)]

    async def _conclude(self, letter: Letter, outcome: asyncio.Future[Stored]) -> Stored | Exception:
        try:
            return await outcome
        except Exception as error:
            if not is_passing(error):
                return error
        try:
            return await self.publish(letter)
        except Exception as error:
            return error

    async def _attempt(self, letter: Letter) -> Stored:
        client = await self._connection.connected()
        outcome: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        await self._send(client, letter, outcome)
        return await outcome

    def _empty_outbox(self) -> None:
        task = self._thread.loop.create_task(self._send_outbox())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_outbox(self) -> None:
        self._awake = False
        try:
            client = await self._connection.client()
        except Exception as error:
            while self._outbox:
                self._outbox.popleft()[1].set_exception(error)
            return
        while self._outbox:
            letter, outcome = self._outbox.popleft()
            if outcome.set_running_or_notify_cancel():
                await self._send(client, letter, outcome)

    async def _send(self, client: Client, letter: Letter, outcome: Outcome) -> None:
        try:
            if client is not self._client:
                await self._listen(client)
            if not client.is_connected:
                raise nats.errors.ConnectionReconnectingError
            self._check_size(client, letter)
            number = str(next(self._numbers))
            timer = self._thread.loop.call_later(ATTEMPT, self._settle, number, TimeoutError("no confirmation"))
            self._under_way[number] = (outcome, timer)
            await client.publish(letter.subject, letter.payload, f"{self._inbox}.{number}", letter.headers)
        except Exception as error:
            if not outcome.done():
                closed = isinstance(error, RuntimeError)  # uvloop's way to say that a transport is closed
                outcome.set_exception(nats.errors.ConnectionClosedError() if closed else error)

    def _check_size(self, client: Client, letter: Letter) -> None:
        size = len(letter.payload) + sum(len(name) + len(value) + 4 for name, value in letter.headers.items()) + 12
        if size > client.max_payload:
            raise MessageTooLarge(size, client.max_payload)

    async def _listen(self, client: Client) -> None:
        self._client = client
        self._inbox = f"{client.new_inbox()}.{os.getpid()}"
        await client.subscribe(f"{self._inbox}.*", cb=self._on_reply, pending_msgs_limit=0, pending_bytes_limit=0)

    async def _on_reply(self, message: Msg) -> None:
        number = message.subject.rpartition(".")[2]
        self._settle(number, _read(message))

    def _settle(self, number: str, answer: Stored | Exception) -> None:
        outcome, timer = self._under_way.pop(number, (None, None))
        if outcome is None or timer is None:
            return
        timer.cancel()
        if outcome.done():
            return
        if isinstance(answer, Exception):
            outcome.set_exception(answer)
        else:
            outcome.set_result(answer)

    def _on_lost(self) -> None:
        # Whether these were stored is unknown: they are sent again, with the same Nats-Msg-Id.
        for number in list(self._under_way):
            self._settle(number, nats.errors.ConnectionClosedError())


def _read(message: Msg) -> Stored | Exception:
    if not message.data:
        return nats.js.errors.NoStreamResponseError()
    answer: dict[str, Any] = json.loads(message.data)
    if "error" in answer:
        return _error(answer["error"])
    return Stored(answer["stream"], answer.get("seq", 0), answer.get("duplicate", False))


def _error(fields: dict[str, Any]) -> Exception:
    try:
        nats.js.errors.APIError.from_error(fields)
    except nats.js.errors.APIError as error:
        return error
    raise AssertionError("from_error always raises")

"""A connection to NATS for one consumer: it reconnects without limit, and repeats requests for a limited time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from .errors import Refused, Unavailable, UnexpectedReply

T = TypeVar("T")

#: Seconds: to connect once, for one reply, to close.
CONNECT_TIMEOUT, REPLY_TIMEOUT, CLOSE_TIMEOUT = 5.0, 5.0, 2.0

#: Pauses between attempts grow from the first to the second. Seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

#: What a client raises when a server does not respond.
_AWAY = (nats.errors.Error, OSError, TimeoutError)


class _Error(msgspec.Struct):
    code: int
    reason: str
    message: str
    retry_after_ms: int = 0


class _Reply(msgspec.Struct):
    ok: bool
    error: _Error | None = None


class Connection:
    """Connects within `patience` seconds, and repeats each request for as long. `on_gap` is called when messages may
    have been lost: after a reconnection, and when this process was too slow.
    """

    def __init__(self, url: str, options: Mapping[str, Any], patience: float, on_gap: Callable[[], None]) -> None:
        self._url = url
        self._options = options
        self._patience = patience
        self._on_gap = on_gap
        self._client = Client()
        # The last error of the client, and the one that says what the user may not do.
        self._reason = ""
        self._denied = ""

    async def open(self) -> None:
        attempts = _Attempts(self._patience)
        while True:
            self._client, self._reason = Client(), ""
            try:
                await _cancellable(self._connect())
            except asyncio.CancelledError:
                await self.close()
                raise
            except _AWAY as error:
                await self.close()
                why = self._reason or str(error) or type(error).__name__
                if "authorization" in why.lower():
                    raise Refused(f"NATS rejects the user: {why}; check the address") from error
                await attempts.pause(f"NATS does not respond ({why})")
            else:
                self._client.options["max_reconnect_attempts"] = -1
                return

    async def _connect(self) -> None:
        async def note(error: Exception) -> None:
            self._reason = str(error)
            if "permissions violation" in str(error).lower():
                self._denied = str(error)
            self._on_gap()

        async def reconnected() -> None:
            self._on_gap()

        # The client's own timeout does not cover a server that sends nothing.
        async with asyncio.timeout(2 * CONNECT_TIMEOUT):
            await self._client.connect(
                self._url,
                **{
                    "name": "idexx-feed",
                    "connect_timeout": CONNECT_TIMEOUT,
                    "max_reconnect_attempts": 1,
                    "reconnect_time_wait": 0.25,
                    "ping_interval": 10,
                    "max_outstanding_pings": 2,
                    **self._options,
                    "error_cb": note,
                    "reconnected_cb": reconnected,
                },
            )

    async def subscribe(self, subject: str, receive: Callable[[Msg], Coroutine[Any, Any, None]]) -> None:
        await self._client.subscribe(subject, cb=receive)

    async def request(self, subject: str, body: Mapping[str, Any], reply: type[T]) -> T:
        """Raises `Refused`, `UnexpectedReply`, or, after `patience` seconds without a reply, `Unavailable`."""
        attempts = _Attempts(self._patience)
        payload = json.dumps(body).encode()
        while True:
            self.check()
            retry_after = 0.0
            try:
                message = await _cancellable(self._client.request(subject, payload, timeout=REPLY_TIMEOUT))
            except nats.errors.NoRespondersError:
                why = "no gateway runs"
            except _AWAY as error:
                why = str(error) or type(error).__name__
            else:
                refusal = _refusal(message.data)
                if refusal is None:
                    return _decoded(message.data, reply)
                if refusal.code < 500 and refusal.code != 429:
                    raise Refused(f"{subject}: {refusal.message}", refusal.code, refusal.reason)
                why, retry_after = refusal.message, refusal.retry_after_ms / 1000
            await attempts.pause(f"{subject}: {why}", retry_after)

    def check(self) -> None:
        """Raises what has ended the connection."""
        if self._denied:
            raise Refused(
                f"NATS refuses the user: {self._denied}; an operator runs `idexx-sync nats-config` again"
            )
        if self._client.is_closed:
            raise Unavailable("the connection to NATS is closed")

    async def close(self) -> None:
        with suppress(*_AWAY):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._client.close()


class _Attempts:
    """Pauses between the attempts of one request, for `patience` seconds altogether."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._ends = time.monotonic() + patience
        self._pause = FIRST_PAUSE

    async def pause(self, why: str, at_least: float = 0.0) -> None:
        pause = max(self._pause, at_least)
        if time.monotonic() + pause > self._ends:
            raise Unavailable(f"{why}; given up after {self._patience:g} s (`patience`)")
        await asyncio.sleep(pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


def _refusal(data: bytes) -> _Error | None:
    reply = _decoded(data, _Reply)
    if reply.ok:
        return None
    return reply.error or _Error(500, "internal", "a refusal without a reason")


def _decoded(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnexpectedReply(f"the reply is not as docs/interface.md describes it: {error}") from error


async def _cancellable(waiting: Coroutine[Any, Any, T]) -> T:
    """Returns or raises what `waiting` does, but lets a cancellation through that nats-py swallows."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await waiting
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError

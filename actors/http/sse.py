"""Server-sent events: sends messages as they come, until the reader disconnects."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from actors.messages import encode
from engine.errors import Unavailable

#: Maximum number of open streams; further ones are refused.
MAX_STREAMS = 100
#: Seconds after which a stream is ended, even if its reader is stuck; a live reader reconnects.
LONGEST = 3600.0
#: How long sending the end of a stream may take, in seconds.
END_WITHIN = 1.0
#: Delay before a reader should reconnect, in milliseconds.
COME_BACK_MS = 2000

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Message:
    """One SSE message. `id` is its event id: a reader that reconnects continues after it; None: from the beginning."""

    name: str
    data: Mapping[str, Any]
    id: int | None = None


#: A message, or None: only a sign that the stream is alive.
StreamItem = Message | None


class Streams:
    """All open streams of this process, and their common end."""

    def __init__(self) -> None:
        self._open = 0
        self.closing = asyncio.Event()

    def answer(self, messages: AsyncGenerator[StreamItem]) -> Response:
        """A response that streams the messages. Raises `Unavailable` if too many streams are open."""
        if self._open >= MAX_STREAMS:
            raise Unavailable(
                f"{MAX_STREAMS} streams are already open, which is the limit; try again later", retry_after_ms=5000
            )
        return _EventStream(messages, self)

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Counts a stream while it is open."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


class _EventStream(Response):
    """Ends with its messages, its reader, the end of all streams or its time limit."""

    media_type = "text/event-stream"

    def __init__(self, messages: AsyncGenerator[StreamItem], streams: Streams) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._messages = messages
        self._streams = streams
        self._has_begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":  # the client takes the head for all, and may reuse the connection
            await super().__call__(scope, receive, send)
            return
        with self._streams.counted():
            await self._stream(receive, send)

    async def _stream(self, receive: Receive, send: Send) -> None:
        sending, left = asyncio.create_task(self._send_all(send)), asyncio.create_task(gone(receive))
        tasks = [sending, left, asyncio.create_task(self._streams.closing.wait())]
        try:
            await asyncio.wait(tasks, timeout=LONGEST, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            has_left = left.done()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._has_begun and not has_left:
            with contextlib.suppress(TimeoutError):  # a stuck reader does not get the end either
                async with asyncio.timeout(END_WITHIN):
                    await send({"type": "http.response.body", "body": b""})

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        self._has_begun = True
        await send(_piece(f"retry: {COME_BACK_MS}\n\n".encode()))
        async with aclosing(self._messages):  # a reader may disconnect while something is sent to it
            async for message in self._messages:
                await send(_piece(b": alive\n\n" if message is None else _encoded(message)))


async def gone(receive: Receive) -> None:
    """Returns when the caller has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _encoded(message: Message) -> bytes:
    number = b"" if message.id is None else b"id: %d\n" % message.id
    return number + b"event: %s\ndata: %s\n\n" % (message.name.encode(), encode(message.data))


def _piece(body: bytes) -> Any:
    return {"type": "http.response.body", "body": body, "more_body": True}

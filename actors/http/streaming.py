"""The events of a sync as server-sent events: `id` is the event's number, by which a browser goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from actors.messages import encode

#: An event, or None: nothing new for a while.
Told = Mapping[str, Any] | None

#: A stream is ended after so many seconds, also one whose reader is stuck; a reader that lives comes again.
LONGEST = 3600.0
#: How soon it should come again, in milliseconds.
COME_BACK_MS = 2000

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(Response):
    """`events` may yield None, which says only that the stream is alive. `closing` ends it."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[Told], closing: asyncio.Event) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._events = events
        self._closing = closing

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        tasks = [asyncio.create_task(work) for work in (self._send_all(send), gone(receive), self._closing.wait())]
        try:
            await asyncio.wait(tasks, timeout=LONGEST, return_when=asyncio.FIRST_COMPLETED)
            if not tasks[0].done():
                return
            tasks[0].result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await send({"type": "http.response.body", "body": b""})

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send(_piece(f"retry: {COME_BACK_MS}\n\n".encode()))
        async for event in self._events:
            await send(_piece(b": alive\n\n" if event is None else _told(event)))


async def gone(receive: Receive) -> None:
    """Returns when the caller has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _told(event: Mapping[str, Any]) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event["seq"], event["event"].encode(), encode(event))


def _piece(body: bytes) -> Any:
    return {"type": "http.response.body", "body": body, "more_body": True}

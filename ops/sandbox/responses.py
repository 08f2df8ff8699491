"""Responses with faults in transmission."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ops.sandbox.request_log import Call


class CutResponse(Response):
    """Announces the whole body, sends half of it, and closes the connection."""

    def __init__(self, whole: Response) -> None:
        super().__init__()
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        body = bytes(self._whole.body)
        await send(
            {"type": "http.response.start", "status": self._whole.status_code, "headers": self._whole.raw_headers}
        )
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        # Returning with an incomplete body makes the server close the connection.


class DrippingResponse(Response):
    """Sends the body in ten pieces over the given number of seconds."""

    PIECES = 10

    def __init__(self, whole: Response, call: Call, seconds: float) -> None:
        super().__init__()
        self._whole, self._call, self._pause = whole, call, seconds / self.PIECES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        body = bytes(self._whole.body)
        size = len(body) // self.PIECES + 1
        await send(
            {"type": "http.response.start", "status": self._whole.status_code, "headers": self._whole.raw_headers}
        )
        for position in range(0, len(body), size):
            if not await self._call.wait(self._pause):
                return
            await send({"type": "http.response.body", "body": body[position : position + size], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class PaddedResponse(Response):
    """Sends the whole response followed by megabytes of blanks; still valid JSON if it is read to the end."""

    def __init__(self, whole: Response, call: Call, megabytes: int) -> None:
        super().__init__()
        self._whole, self._call, self._megabytes = whole, call, megabytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": self._whole.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(self._whole.body), "more_body": True})
        for _ in range(self._megabytes):
            if self._call.over.is_set():
                return
            await send({"type": "http.response.body", "body": b" " * 1_000_000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

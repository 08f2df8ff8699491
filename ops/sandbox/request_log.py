"""The request log: every call to the portal, with its times of arrival, response, or disconnection."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KINDS = {
    ("GET", "/login"): "login_page",
    ("POST", "/login"): "login",
    ("GET", "/login/verify"): "login_page",
    ("POST", "/login/verify"): "second_factor",
    ("GET", "/dashboard"): "page",
    ("GET", "/home"): "page",
    ("GET", "/schedule"): "page",
    ("GET", "/appointments/getCalendarEventData"): "calendar",
    ("GET", "/appointments/getAppointmentView"): "config",
    ("GET", "/schedule/getScheduleConfigs"): "config",
    ("GET", "/appointments/getAppointment"): "lookup",
    ("GET", "/download/report.csv"): "download",
}


@dataclass(slots=True)
class Call:
    """A call; times in Unix seconds. `done_at` None: in flight; `gone_at`: its client disconnected early."""

    number: int
    at: float
    method: str
    path: str
    query: dict[str, str]
    kind: str
    company_id: str | None = None
    status: int | None = None
    fault: str | None = None
    done_at: float | None = None
    gone_at: float | None = None
    user_agent: str = ""
    #: Set when no client waits for the response anymore.
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> bool:
        """Waits `seconds`, or until the call is over; returns whether the client still waits."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()
        return not self.over.is_set()

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "over"}


def call_of(request: Request) -> Call:
    call = request.state.call
    assert isinstance(call, Call)  # noqa: S101 (the Recorder below put it there)
    return call


class RequestLog:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._number = 0

    def open(self, scope: Scope) -> Call:
        self._number += 1
        path = scope["path"]
        kind = "static" if path.startswith("/static/") else KINDS.get((scope["method"], path), "other")
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        call = Call(self._number, time.time(), scope["method"], path, query, kind)
        call.user_agent = dict(scope["headers"]).get(b"user-agent", b"").decode("latin-1")
        self.calls.append(call)
        return call

    def count(self, kind: str, company_id: str) -> int:
        """Returns how many calls of this kind the log has of a clinic, with the one in flight."""
        return sum(call.kind == kind and call.company_id == company_id for call in self.calls)

    def clear(self) -> None:
        """Removes all calls except those in flight."""
        self.calls = [call for call in self.calls if call.done_at is None]

    def end_all(self) -> None:
        """Ends all waits, because the portal closes."""
        for call in self.calls:
            call.over.set()


class Recorder:
    """ASGI middleware that writes the request log; paths under /_sandbox are not logged."""

    def __init__(self, app: ASGIApp, request_log: RequestLog) -> None:
        self._app, self._request_log = app, request_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox"):
            await self._app(scope, receive, send)
            return
        call = self._request_log.open(scope)
        body = await _whole_body(receive)
        scope.setdefault("state", {})["call"] = call
        watcher = asyncio.create_task(_watch(call, receive))
        try:
            await self._app(scope, _replay(body, call), _noting(call, send))
        finally:
            watcher.cancel()
            call.done_at = call.done_at or call.gone_at or time.time()


async def _watch(call: Call, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    if call.done_at is None:
        call.gone_at = time.time()
    call.over.set()


def _noting(call: Call, send: Send) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start" and call.gone_at is None:
            call.status = message["status"]
        if message["type"] == "http.response.body" and not message.get("more_body") and call.gone_at is None:
            call.done_at = time.time()
        await send(message)

    return noting


async def _whole_body(receive: Receive) -> bytes:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


def _replay(body: bytes, call: Call) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        if messages:
            return messages.pop()
        await call.over.wait()
        return {"type": "http.disconnect"}

    return replay

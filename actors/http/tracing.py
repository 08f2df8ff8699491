"""A span for each request of the API, so that a caller's trace continues to the last statement of its sync."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from actors.observability import tracing


class Spans:
    """ASGI middleware. A span shows only the request's method: a path may contain anything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with tracing.span(scope["method"], Headers(scope=scope).get(tracing.TRACEPARENT), {"interface": "http"}):
            await self._app(scope, receive, send)

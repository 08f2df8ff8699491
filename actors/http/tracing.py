"""A span for each request of the API, so that a caller's trace continues to the last statement of its sync."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.observability import tracing
from actors.observability.tracing import Kind


class Spans:
    """ASGI middleware. A span shows the request's method, route and status, never its path: a path may contain
    anything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traceparent, method, status = Headers(scope=scope).get(tracing.TRACEPARENT), scope["method"], 0

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        about = {"http.request.method": method, "url.scheme": scope["scheme"], "interface": "http"}
        with tracing.span(method, traceparent, about, Kind.SERVER) as span:
            try:
                await self._app(scope, receive, note_status)
            finally:
                if status:
                    span.describe(method, {"http.response.status_code": status})
                if isinstance(route := scope.get("route"), Route):
                    path = scope.get("root_path", "") + route.path
                    span.describe(f"{method} {path}", {"http.route": path, "url.path": path})
                if status >= 500:
                    span.fail(str(status))

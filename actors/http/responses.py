"""JSON responses, and refusals in the form of the NATS interface."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from actors.http import predecessor_fields
from actors.messages import encode, refusal
from engine.errors import EngineError

#: For a person who has typed a wrong address.
_NO_PAGE = (
    '<!doctype html><html lang="en"><title>No such page · idexx-sync</title>'
    '<h1>No such page</h1><p><a href="./">To the dashboard</a></p></html>'
)
_REASONS = {404: "not_found", 405: "method_not_allowed"}


class Refused(Exception):
    """The NATS service has refused; `body` is its reply."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        super().__init__(body["error"]["message"])
        self.body = body
        self.reason = str(body["error"]["reason"])

    @property
    def code(self) -> int:
        return int(self.body["error"]["code"])


class TimedOut(EngineError):
    code = 408
    reason = "timed_out"


class WrongKey(EngineError):
    code = 401
    reason = "no_key"


class WrongSignature(WrongKey):
    reason = "wrong_signature"


class NotAllowed(EngineError):
    """The caller's key is valid, but not for this."""

    code = 403
    reason = "not_allowed"


class WrongHost(EngineError):
    code = 421
    reason = "wrong_host"


class TooManyRequests(EngineError):
    code = 429
    reason = "too_many_requests"


class WrongType(EngineError):
    code = 415
    reason = "wrong_content_type"


def answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        encode(body),
        status,
        {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
        media_type="application/json",
    )


def refuse(request: Request, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    error = body["error"]
    of_sync = request.method == "POST" and request.url.path.endswith("/schedule-sync")
    body = {**body, **predecessor_fields.refused(error, datetime.now(UTC), of_sync=of_sync)}
    extra = dict(headers or {})
    if wait := error.get("retry_after_ms"):
        extra["Retry-After"] = str(math.ceil(wait / 1000))
    return answer(body, error["code"], extra)


async def on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101
    return refuse(request, error.body)


async def on_engine_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)  # noqa: S101
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, WrongKey) else None
    return refuse(request, refusal(error), headers)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Converts Starlette's own errors: unknown path, wrong method."""
    assert isinstance(error, HTTPException)  # noqa: S101
    reason = _REASONS.get(error.status_code, "bad_request")
    body = {"ok": False, "error": {"code": error.status_code, "reason": reason, "message": error.detail}}
    return refuse(request, body, error.headers)


async def on_unknown_page(request: Request, error: Exception) -> Response:
    """A page for a browser, and JSON for programs."""
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/"):
        return HTMLResponse(_NO_PAGE, 404, {"Content-Security-Policy": "default-src 'none'"})
    return await on_http_exception(request, error)


async def on_error(request: Request, _error: Exception) -> Response:
    """Returns a 500. Starlette raises the error again after the response, and uvicorn logs it."""
    message = "the request failed with an unexpected error, which is in the gateway's log"
    return refuse(request, {"ok": False, "error": {"code": 500, "reason": "internal", "message": message}})


HANDLERS = {
    Refused: on_refused,
    EngineError: on_engine_error,
    HTTPException: on_http_exception,
    Exception: on_error,
}

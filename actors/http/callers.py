"""Decides who may call the API: callers with a key or a signed request, or, without either, callers on this machine."""

from __future__ import annotations

import hmac

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.http.keys import fingerprint
from actors.http.requests import body_of
from actors.http.responses import WrongHost, WrongKey
from actors.http.signatures import HEADER, SignatureCheck
from actors.setting_types import ApiKeys

#: The name of a caller whose request is signed, in logs.
SCHEDULER = "qstash"


class CallerCheck:
    """Admits callers with a key and signed requests; without keys of either kind, callers that address this machine
    by a local name.

    The latter excludes web pages that make a local browser call the gateway under a name of their own.
    """

    def __init__(
        self, app: ASGIApp, keys: ApiKeys, signatures: SignatureCheck | None, local_names: frozenset[str]
    ) -> None:
        self._app = app
        self._keys = keys
        self._signatures = signatures
        self._local_names = local_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if not self._keys and self._signatures is None:
            self._require_local(headers.get("host", ""))
            await self._app(scope, receive, send)
            return
        caller = self._caller(headers.get("authorization", ""))
        if caller is None and self._signatures is not None and (token := headers.get(HEADER)):
            body = await body_of(Request(scope, receive))
            self._signatures.require(token, _target(scope), body)
            caller, receive = SCHEDULER, _again(body, receive)
        if caller is None:
            or_signed = f", or a signature in {HEADER}" if self._signatures else ""
            raise WrongKey(f"send a valid key of this gateway, as `Authorization: Bearer KEY`{or_signed}")
        with structlog.contextvars.bound_contextvars(caller=caller):
            await self._app(scope, receive, send)

    def _require_local(self, host: str) -> None:
        name = host.rpartition(":")[0] or host
        if name.lower().strip("[]") not in self._local_names:
            raise WrongHost(
                "this gateway has no API_KEYS, so it accepts requests to this machine's local names only"
            )

    def _caller(self, authorization: str) -> str | None:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        hashed, found = fingerprint(key.strip()), None
        for known, name in self._keys.items():
            if hmac.compare_digest(known, hashed):
                found = name
        return found


def _target(scope: Scope) -> str:
    """The path and query of a request, as the caller sent them."""
    query = scope["query_string"].decode("ascii", "replace")
    path = scope["raw_path"].decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def _again(body: bytes, receive: Receive) -> Receive:
    """Receives a body that has been read once more, and then what follows."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay

"""Admits callers of the API: those with a key or a signed request, or, without either, callers on this machine."""

from __future__ import annotations

import hmac

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.http.caller import Caller
from actors.http.keys import fingerprint
from actors.http.requests import body_of
from actors.http.responses import WrongHost, WrongKey
from actors.http.signatures import HEADER, SignatureCheck
from actors.http.stored_keys import StoredKeys
from actors.settings.types import ApiKeys

#: The name of a caller whose request is signed, in logs.
SCHEDULER = "qstash"


class CallerCheck:
    """Admits callers with a key and signed requests. With `local_names` callers without either as well, if they
    address this machine by one of these names.

    That excludes web pages that make a local browser call the gateway under a name of their own.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: ApiKeys,
        stored_keys: StoredKeys,
        signatures: SignatureCheck | None,
        local_names: frozenset[str] | None,
    ) -> None:
        self._app = app
        self._keys = keys
        self._stored_keys = stored_keys
        self._signatures = signatures
        self._local_names = local_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller, receive = await self._caller(Headers(scope=scope), scope, receive)
        scope.setdefault("state", {})["caller"] = caller
        with structlog.contextvars.bound_contextvars(**({"caller": caller.name} if caller.name else {})):
            await self._app(scope, receive, send)

    async def _caller(self, headers: Headers, scope: Scope, receive: Receive) -> tuple[Caller, Receive]:
        """The caller, and the rest of its request. Raises `WrongKey`, `WrongSignature` or `WrongHost`."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        has_key = scheme.lower() == "bearer"
        if has_key and (caller := await self._caller_with(key.strip())) is not None:
            return caller, receive
        if self._signatures is not None and (token := headers.get(HEADER)):
            body = await body_of(Request(scope, receive))
            self._signatures.require(token, _target(scope), body)
            return Caller(SCHEDULER), _again(body, receive)
        if has_key:
            raise WrongKey("the key is unknown, expired or revoked; ask this gateway's operator for another one")
        if self._local_names is None:
            or_signed = f", or a signature in {HEADER}" if self._signatures else ""
            raise WrongKey(f"send a key of this gateway, as `Authorization: Bearer KEY`{or_signed}")
        self._require_local(headers.get("host", ""), self._local_names)
        return Caller(None), receive

    def _require_local(self, host: str, names: frozenset[str]) -> None:
        name = host.rpartition(":")[0] or host
        if name.lower().strip("[]") not in names:
            raise WrongHost(
                "this gateway has no API_KEYS, so it accepts requests without a key to this machine's local names only"
            )

    async def _caller_with(self, key: str) -> Caller | None:
        hashed, found = fingerprint(key), None
        for known, name in self._keys.items():
            if hmac.compare_digest(known, hashed):
                found = Caller(name)
        if found is None and (stored := await self._stored_keys.find(hashed)) is not None:
            found = Caller.of_key(stored, hashed)
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

"""Keys of the API's callers. `python -m actors.http.keys NAME` makes one: shown once, kept by the caller only.

The settings contain the SHA-256 of each. A slow hash would add nothing: a key is 256 random bits, not a password.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sys

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from actors.http.responses import WrongHost, WrongKey
from actors.settings import ApiKeys


class KeyCheck:
    """Admits callers with a key; without any keys, callers that address this machine by a local name.

    The latter excludes web pages that make a local browser call the gateway under a name of their own.
    """

    def __init__(self, app: ASGIApp, keys: ApiKeys, local_names: frozenset[str]) -> None:
        self._app = app
        self._keys = keys
        self._local_names = local_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if not self._keys:
            name = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
            if name.lower().strip("[]") not in self._local_names:
                raise WrongHost(
                    "this gateway has no API_KEYS, so it accepts requests to this machine's local names only"
                )
            await self._app(scope, receive, send)
            return
        caller = self._caller(headers.get("authorization", ""))
        if caller is None:
            raise WrongKey("send a valid key of this gateway, as `Authorization: Bearer KEY`")
        with structlog.contextvars.bound_contextvars(caller=caller):
            await self._app(scope, receive, send)

    def _caller(self, authorization: str) -> str | None:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        hashed, found = fingerprint(key.strip()), None
        for known, name in self._keys.items():
            if hmac.compare_digest(known, hashed):
                found = name
        return found


def fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m actors.http.keys NAME")
    made = secrets.token_urlsafe(32)
    print(f"key for {sys.argv[1]}, shown once: {made}\nadd to API_KEYS: {sys.argv[1]}:{fingerprint(made)}")

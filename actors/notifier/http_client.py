"""POSTs to an address that a client has named: limited in time and size, and only to allowed addresses.

The name is looked up once, here, and the connection is made to an address that was checked; TLS still verifies the
name. So a name that resolves elsewhere a moment later (DNS rebinding) has no effect. Redirects, proxies and
cookies are not supported, and only the response's status counts.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any

import httpcore

from engine.webhook_retry import AttemptReason, AttemptResult, read_status
from engine.webhook_targets import EgressPolicy

#: How long connecting to one address of a host may take, in seconds.
CONNECT_TIMEOUT = 5.0

#: How much of a response's body is read and dropped, and for how long (bytes, seconds): a receiver is not cut off
#: in the middle of a short one.
READ_BODY, READ_BODY_TIMEOUT = 4096, 1.0

_HEADERS = {"content-type": "application/json", "user-agent": f"idexx-sync/{version('idexx-sync')}"}


class NotAllowed(Exception):
    """The host has no address to which a webhook may be sent."""


class WebhookClient:
    """An HTTP client. `timeout` limits one POST, from the look-up of the name to the response, in seconds."""

    def __init__(self, reach: EgressPolicy, timeout: float) -> None:
        self._reach = reach
        self._timeout = timeout
        self._tls = ssl.create_default_context()

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> AttemptResult:
        """POSTs the body. Never raises for failures of the receiver or of the network."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                status, retry_after = await self._post(url, headers, body)
        except Exception as error:
            if (reason := _reason(error)) is None:
                raise
            return AttemptResult(reason, duration_ms=_milliseconds_since(began))
        return read_status(status, retry_after, datetime.now(UTC), _milliseconds_since(began))

    async def _post(self, url: str, headers: Mapping[str, str], body: str) -> tuple[int, str | None]:
        target = httpcore.URL(url)
        network = _CheckedNetwork(self._reach, is_tls=target.scheme == b"https")
        async with (
            httpcore.AsyncHTTPConnection(
                target.origin, ssl_context=self._tls, network_backend=network
            ) as connection,
            connection.stream(
                "POST",
                target,
                headers=[*_HEADERS.items(), *headers.items()],
                content=body.encode(),
                extensions={"timeout": {"connect": CONNECT_TIMEOUT}},
            ) as response,
        ):
            await _read_some(response)
            received = {name.lower(): value for name, value in response.headers}
            return response.status, received.get(b"retry-after", b"").decode("ascii", "replace") or None


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that were checked."""

    def __init__(self, reach: EgressPolicy, *, is_tls: bool) -> None:
        self._reach = reach
        self._is_tls = is_tls
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = NotAllowed(host)
        for address in await _look_up(host, port):
            if not self._reach.allows(ip_address(address), tls=self._is_tls):
                continue
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


async def _look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order in which to try them, each once."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _read_some(response: httpcore.Response) -> None:
    """Reads the start of the body. The status counts, whatever happens to the body."""
    read = 0
    with suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(READ_BODY_TIMEOUT):
            async for chunk in response.aiter_stream():
                read += len(chunk)
                if read > READ_BODY:
                    return


def _reason(error: Exception) -> AttemptReason | None:
    """The reason that an error means; None for an error of our own."""
    match error:
        case NotAllowed():
            return AttemptReason.NOT_ALLOWED
        case socket.gaierror() | UnicodeError():
            return AttemptReason.UNKNOWN_HOST
        case TimeoutError() | httpcore.TimeoutException():
            return AttemptReason.TIMEOUT
        case httpcore.ConnectError() if isinstance(error.__cause__, ssl.SSLError):
            return AttemptReason.TLS
        case httpcore.NetworkError():
            return AttemptReason.NO_CONNECTION
        case httpcore.ProtocolError():
            return AttemptReason.BAD_ANSWER
    return None


def _milliseconds_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)

"""The HTTP client of data calls: streams responses and limits their size while reading and unpacking.

It uses no browser: Playwright's driver reads whole responses into memory, without a limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field

import httpcore

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.endpoint import endpoint_of
from engine.portal.network import HttpProxy
from engine.portal.settings import PortalSettings

#: An idle connection is closed before most servers would do so, in seconds.
KEEPALIVE = 5.0

#: The only requested encoding: it can be unpacked piece by piece, with a length limit.
ACCEPT_ENCODING = "gzip"
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Received:
    """A response. `headers` have lower-case names and are joined where repeated; cookies are separate."""

    status: int
    headers: Mapping[str, str]
    set_cookies: Sequence[str] = field(repr=False)
    body: bytes = field(repr=False)


class DataClient:
    """A pool of connections to the portal; no cookies, no redirects. Has to be closed."""

    def __init__(self, settings: PortalSettings) -> None:
        self._settings = settings
        self._pool: httpcore.AsyncConnectionPool | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.aclose()

    async def get(self, url: str, headers: Mapping[str, str]) -> Received:
        """Sends a GET request and reads the response.

        Raises `PortalFailure` for a response that is too long or has an encoding that was not requested,
        `httpcore`'s errors if no response arrives, and `Unreachable` for a proxy that is not supported.
        """
        pool = await self._open()
        sent = [("Accept-Encoding", ACCEPT_ENCODING), *headers.items()]
        async with pool.stream("GET", url, headers=[("Host", _host(url)), *sent]) as response:
            got = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers]
            headers = _joined(got)
            body = await _read(response, headers.get("content-encoding", ""), self._settings.max_body_bytes)
            return Received(response.status, headers, [value for name, value in got if name == "set-cookie"], body)

    async def _open(self) -> httpcore.AsyncConnectionPool:
        async with self._opening:
            if self._pool is None:
                self._pool = await self._make_pool()
            return self._pool

    async def _make_pool(self) -> httpcore.AsyncConnectionPool:
        endpoint = endpoint_of(self._settings.base_url)
        proxy = self._settings.upstream.proxy_for(endpoint) if endpoint is not None else None
        # Loading certificates takes longer than a call.
        tls = await asyncio.to_thread(ssl.create_default_context) if _needs_tls(self._settings, proxy) else None
        return httpcore.AsyncConnectionPool(
            ssl_context=tls,
            proxy=None if proxy is None else _proxy(proxy, tls),
            max_connections=None,
            keepalive_expiry=KEEPALIVE,
        )


def _needs_tls(settings: PortalSettings, proxy: HttpProxy | None) -> bool:
    return settings.base_url.startswith("https:") or (proxy is not None and proxy.endpoint.scheme == "https")


def _proxy(proxy: HttpProxy, tls: ssl.SSLContext | None) -> httpcore.Proxy:
    at = proxy.endpoint
    host = f"[{at.host}]" if ":" in at.host else at.host
    headers = [] if proxy.authorization is None else [("Proxy-Authorization", proxy.authorization)]
    context = tls if at.scheme == "https" else None
    return httpcore.Proxy(f"{at.scheme}://{host}:{at.port}", headers=headers, ssl_context=context)


def _host(url: str) -> str:
    target = httpcore.URL(url)
    port = "" if target.port is None else f":{target.port}"
    return target.host.decode() + port


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _read(response: httpcore.Response, encoding: str, limit: int) -> bytes:
    body = bytearray()
    pieces = _unpacked(response, encoding.strip().lower(), limit)
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            body += piece
            if len(body) > limit:
                raise _bad(f"the response is longer than {limit} bytes and was not read to its end")
    return bytes(body)


async def _unpacked(response: httpcore.Response, encoding: str, limit: int) -> AsyncGenerator[bytes, None]:
    """Pieces of at most `limit` + 1 bytes, however much is packed into the response."""
    if encoding in ("", "identity"):
        async for chunk in response.aiter_stream():
            yield chunk
        return
    if encoding not in ("gzip", "x-gzip"):
        raise _bad("the response has a content encoding that was not requested")
    unpacking = zlib.decompressobj(_GZIP)
    is_empty = True
    try:
        async for chunk in response.aiter_stream():
            is_empty = False
            while chunk:
                if unpacking.eof:  # gzip may contain several streams, one after the other
                    unpacking = zlib.decompressobj(_GZIP)
                yield unpacking.decompress(chunk, limit + 1)
                chunk = unpacking.unconsumed_tail or unpacking.unused_data
    except zlib.error as error:
        raise _bad("the compressed response cannot be decompressed") from error
    if not (unpacking.eof or is_empty):
        raise PortalFailure(Failure(Reason.CONNECTION_LOST, "the compressed response is cut off"))


def _bad(message: str) -> PortalFailure:
    return PortalFailure(Failure(Reason.BAD_ANSWER, message))

"""Connects to the portal, directly or by the environment's proxy, for pages and data calls alike."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]
    getproxies_environment,
    proxy_bypass_environment,
)

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from engine.portal.endpoint import Endpoint

#: Maximum length of a proxy's response head to CONNECT, in bytes.
MAX_HEAD = 16 * 1024


class Unreachable(Exception):
    """No connection could be made; the message gives the reason for the operator."""


@dataclass(frozen=True, slots=True)
class HttpProxy:
    """A proxy. `authorization` is the value of the header, or None."""

    endpoint: Endpoint
    authorization: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Upstream:
    """`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, with their usual meaning."""

    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of_environment(cls) -> Upstream:
        return cls(getproxies_environment())

    def proxy_for(self, endpoint: Endpoint) -> HttpProxy | None:
        """The proxy for connections to the endpoint; None: direct. Raises `Unreachable` for an unknown kind."""
        if proxy_bypass_environment(f"{endpoint.host}:{endpoint.port}", dict(self.proxies)):
            return None
        address = self.proxies.get(endpoint.scheme) or self.proxies.get("all")
        return _read_proxy(address) if address else None


def _read_proxy(address: str) -> HttpProxy:
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Unreachable("the address of the proxy in HTTPS_PROXY is not valid") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        kind = parts.scheme or "unknown"
        raise Unreachable(f"a proxy of the kind {kind} is not supported; set HTTPS_PROXY to http://host:port")
    authorization = None
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(user.encode()).decode()
    return HttpProxy(Endpoint(parts.scheme, parts.hostname, port), authorization)


async def open_stream(endpoint: Endpoint, upstream: Upstream) -> ByteStream:
    """A connection to the endpoint, before TLS. Raises `Unreachable`."""
    proxy = upstream.proxy_for(endpoint)
    try:
        if proxy is None:
            return await anyio.connect_tcp(endpoint.host, endpoint.port)
        return await _open_tunnel(endpoint, proxy)
    except OSError as error:
        where = "the portal" if proxy is None else "the proxy (HTTPS_PROXY)"
        raise Unreachable(f"{where} {why_not_connected(error)}") from error


async def _open_tunnel(endpoint: Endpoint, proxy: HttpProxy) -> ByteStream:
    at = proxy.endpoint
    stream: ByteStream
    if at.scheme == "https":
        stream = await anyio.connect_tcp(at.host, at.port, tls=True, tls_standard_compatible=False)
    else:
        stream = await anyio.connect_tcp(at.host, at.port)
    try:
        await _ask_for_tunnel(stream, endpoint, proxy.authorization)
    except BaseException:
        await stream.aclose()
        raise
    return stream


async def _ask_for_tunnel(stream: ByteStream, endpoint: Endpoint, authorization: str | None) -> None:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    lines = [f"CONNECT {host}:{endpoint.port} HTTP/1.1", f"Host: {host}:{endpoint.port}"]
    if authorization is not None:
        lines.append(f"Proxy-Authorization: {authorization}")
    await stream.send("\r\n".join([*lines, "", ""]).encode())
    try:
        head = await BufferedByteReceiveStream(stream).receive_until(b"\r\n\r\n", MAX_HEAD)
        status = int(head.split(maxsplit=2)[1])
    except (
        anyio.DelimiterNotFound,
        anyio.IncompleteRead,
        anyio.BrokenResourceError,
        ValueError,
        IndexError,
    ) as error:
        raise Unreachable("the proxy (HTTPS_PROXY) does not respond as an HTTP proxy") from error
    if not 200 <= status < 300:
        remedy = "; set its user and password in HTTPS_PROXY" if status == 407 else ""
        raise Unreachable(f"the proxy (HTTPS_PROXY) refuses the connection with {status}{remedy}")


def why_not_connected(error: BaseException) -> str:
    """Describes a connection error, to follow the name of the other side."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "has no valid certificate"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "refuses connections"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "cannot be reached: its name cannot be resolved"
    return "cannot be reached"


def _causes(error: BaseException | None) -> list[BaseException]:
    if error is None:
        return []
    parts = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
    inner = [cause for part in [*parts, error.__cause__ or error.__context__] for cause in _causes(part)]
    return [error, *inner]

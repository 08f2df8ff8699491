"""The browser's only way to the network: a SOCKS proxy that decides which connections are allowed.

Chromium has no other way out (`chromium.SWITCHES`): it resolves no names, and every connection of a page, a
worker, a socket or the browser itself comes here first. A request filter sees requests; the proxy sees every
connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Self

import anyio
from anyio.abc import ByteStream

from engine.portal.endpoint import Endpoint, endpoint_of
from engine.portal.network import Unreachable, Upstream, open_stream
from engine.portal.settings import PortalSettings

log = logging.getLogger(__name__)

#: How long a connection to another host waits for the request filter to allow its request, in seconds: the filter
#: learns of a script's redirect to another host a moment after Chromium.
GRACE = 1.0

#: How long Chromium may take to name its destination, and the network to reach it, in seconds.
HANDSHAKE = 5.0
CONNECT = 20.0

CHUNK = 64 * 1024
TLS_HANDSHAKE = b"\x16"

#: Number of newest refusals kept for inspection.
KEPT_REFUSALS = 100

_VERSION, _CONNECT, _NO_PASSWORD = 5, 1, 0
_IPV4, _NAME, _IPV6 = 1, 3, 4
_OK, _NOT_ALLOWED, _UNREACHABLE, _UNKNOWN_COMMAND = 0, 2, 4, 7


class EgressPolicy:
    """The endpoints to which one context may connect: the portal's origin, and what `allow` names until `lock`.

    `refused` lists the refused destinations, newest last; `unreachable` says why the portal's origin could not be
    connected to; `changed` is called after either.
    """

    def __init__(self, settings: PortalSettings | None = None) -> None:
        """Without settings nothing is ever allowed: for the browser's own connections."""
        self._portal = endpoint_of(settings.base_url) if settings is not None else None
        self._elsewhere: set[Endpoint] = set()
        self._news = asyncio.Event()
        self.is_locked = settings is None
        self.refused: deque[str] = deque(maxlen=KEPT_REFUSALS)
        self.unreachable: Unreachable | None = None
        self.changed: Callable[[], None] = lambda: None
        self.on_lock: Callable[[], None] = lambda: None

    def allow(self, url: str) -> None:
        """Allows connections to this address's endpoint, as long as no secret is on the page."""
        endpoint = endpoint_of(url)
        if endpoint is not None and not self.is_locked:
            self._elsewhere.add(endpoint)
            self._wake()

    def lock(self) -> None:
        """Allows only the portal's origin from now on, and cuts open connections to other hosts."""
        self.is_locked = True
        self._elsewhere.clear()
        self._wake()
        self.on_lock()

    def is_portal(self, endpoint: Endpoint) -> bool:
        return endpoint == self._portal

    async def admit(self, host: str, port: int) -> Endpoint | None:
        """The endpoint of a destination; None if it may not be connected to."""
        try:
            async with asyncio.timeout(GRACE):
                while (found := self._find(host, port)) is None and not self.is_locked:
                    await self._news.wait()
        except TimeoutError:
            found = None
        if found is None:
            self.refused.append(f"{host}:{port}")
            self.changed()
        return found

    def failed(self, endpoint: Endpoint, error: Unreachable) -> None:
        if self.is_portal(endpoint):
            self.unreachable = error
            self.changed()

    def _find(self, host: str, port: int) -> Endpoint | None:
        known = {*self._elsewhere} | ({self._portal} if self._portal is not None else set())
        return next((it for it in known if (it.host, it.port) == (host.lower(), port)), None)

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class EgressProxy:
    """The proxy of one context of one browser, listening on this machine. Made by `start`, ended by `close`."""

    def __init__(self, policy: EgressPolicy, upstream: Upstream) -> None:
        self._policy = policy
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._elsewhere: set[asyncio.Task[None]] = set()
        policy.on_lock = self._cut_elsewhere

    @classmethod
    async def start(cls, policy: EgressPolicy, upstream: Upstream) -> Self:
        proxy = cls(policy, upstream)
        proxy._server = await asyncio.start_server(proxy._accept, "127.0.0.1", 0)
        return proxy

    @property
    def url(self) -> str:
        assert self._server is not None  # noqa: S101 (there is none without `start`)
        port = self._server.sockets[0].getsockname()[1]
        return f"socks5://127.0.0.1:{port}"

    def close(self) -> None:
        """Refuses new connections and cuts the open ones."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()

    def _cut_elsewhere(self) -> None:
        for task in self._elsewhere:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (asyncio runs this as a task)
        self._tasks.add(task)
        try:
            await self._serve(task, reader, writer)
        except (OSError, EOFError, TimeoutError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass  # One of the two sides is gone.
        except asyncio.CancelledError:
            pass  # By `close` or by `lock`: the task ends here, and nothing waits for it.
        finally:
            self._tasks.discard(task)
            self._elsewhere.discard(task)
            writer.transport.abort()

    async def _serve(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with asyncio.timeout(HANDSHAKE):
            destination = await _destination(reader, writer)
        if destination is None:
            await _reply(writer, _UNKNOWN_COMMAND)
            return
        endpoint = await self._policy.admit(*destination)
        if endpoint is None:
            log.debug("blocked a connection of the browser to %s:%d", *destination)
            await _reply(writer, _NOT_ALLOWED)
            return
        if not self._policy.is_portal(endpoint):
            self._elsewhere.add(task)
        try:
            async with asyncio.timeout(CONNECT):
                stream = await open_stream(endpoint, self._upstream)
        except Unreachable as error:
            self._policy.failed(endpoint, error)
            await _reply(writer, _UNREACHABLE)
            return
        async with stream:
            await _reply(writer, _OK)
            await _relay(endpoint, reader, writer, stream)


async def _destination(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
    """The host and port of a SOCKS 5 request; None for another command or kind of address."""
    version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    if version != _VERSION:
        raise EOFError
    writer.write(bytes((_VERSION, _NO_PASSWORD)))
    await writer.drain()
    _, command, _, kind = await reader.readexactly(4)
    if command != _CONNECT:
        return None
    if kind == _NAME:
        [length] = await reader.readexactly(1)
        host = (await reader.readexactly(length)).decode("ascii", "replace")
    elif kind in (_IPV4, _IPV6):
        family, size = (socket.AF_INET, 4) if kind == _IPV4 else (socket.AF_INET6, 16)
        host = socket.inet_ntop(family, await reader.readexactly(size))
    else:
        return None
    [port] = struct.unpack("!H", await reader.readexactly(2))
    return host, port


async def _reply(writer: asyncio.StreamWriter, code: int) -> None:
    writer.write(bytes((_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0)))
    await writer.drain()


async def _relay(
    endpoint: Endpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: ByteStream
) -> None:
    """Relays both ways until one side ends. Raises if a side breaks off, to break off the other one."""

    async def upwards() -> None:
        data = await reader.read(CHUNK)
        # TLS to a plain http endpoint, or the reverse, would reach another origin at the same port.
        if data.startswith(TLS_HANDSHAKE) is not (endpoint.scheme == "https"):
            return
        while data:
            await stream.send(data)
            data = await reader.read(CHUNK)

    async def downwards() -> None:
        with contextlib.suppress(anyio.EndOfStream):
            while True:
                writer.write(await stream.receive(CHUNK))
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    await _first_of(upwards(), downwards())


async def _first_of(*works: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()

"""The HTTP server of a process, as a task on its one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket

import h11
import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from actors.settings import SettingsError

log = structlog.get_logger(__name__)

#: Maximum number of open connections and requests; further ones get 503.
MAX_OPEN = 512
#: How long a connection may be idle after a response, in seconds.
IDLE = 30
#: How long receiving a request may take, from the connection or its first byte to the last one, in seconds.
REQUEST_WITHIN = 20.0
#: How long a client may leave sent data unread, in seconds.
STUCK = 30.0
#: How long a stop waits for pending responses, in seconds.
GRACE = 5


class HttpServer:
    """The server. Start and stop it on the loop. `setting` names the variable of its port."""

    def __init__(self, app: ASGIApp, host: str, port: int, setting: str) -> None:
        self._host = host
        self._socket = listen(host, port, setting)
        self._server = _Server(
            uvicorn.Config(
                app,
                loop="none",
                http=_Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                log_level="error",  # malformed requests are not worth a log line
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MAX_OPEN,
                timeout_keep_alive=IDLE,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._socket.getsockname()[1]}"

    async def start(self) -> None:
        """Returns when the server accepts connections."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        up = asyncio.create_task(self._server.is_up.wait())
        await asyncio.wait({self._task, up}, return_when=asyncio.FIRST_COMPLETED)
        log.info("http_ready", url=self.url)

    async def stop(self) -> None:
        """Takes no more requests, and ends the pending ones within a few seconds."""
        self._server.should_exit = True
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._task, GRACE + 2)
        self._socket.close()


class _Server(uvicorn.Server):
    """A uvicorn server that reports when it listens. It handles no signals: its thread gets none."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


class _Connection(H11Protocol):
    """A connection that closes if a request does not arrive completely in time.

    uvicorn limits only the pause after a response, so a few hundred silent or very slow clients could lock out all
    others.
    """

    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._bound_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._bound_request()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unbound()

    def _bound_request(self) -> None:
        """Starts the limit of a request; further pieces of it do not restart it."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._unbound()
        elif self._end is None:
            self._end = self.loop.call_later(REQUEST_WITHIN, self.transport.close)

    def _unbound(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket. Raises `SettingsError` if the address is not available.

    It is made here with an explicit protocol: only then does asyncio turn Nagle's algorithm off, which would delay
    a response by 40 ms.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        with contextlib.ExitStack() as opened:
            listener = opened.enter_context(socket.socket(family, kind, socket.IPPROTO_TCP))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _bound_sending(listener)
            listener.bind(address)
            opened.pop_all()
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise SettingsError(
                f"HTTP_HOST={host!r} cannot be used ({error.strerror}): name an address of this machine, such as "
                "127.0.0.1, or 0.0.0.0 for all of them"
            ) from None
        raise SettingsError(
            f"{setting}={port} with HTTP_HOST={host!r} cannot be used ({error.strerror}): choose "
            f"another {setting}, or 0 for any free one"
        ) from None
    listener.setblocking(False)
    return listener


def _bound_sending(listener: socket.socket) -> None:
    """Lets the system end connections whose data is not read: a close would wait for it."""
    if option := getattr(socket, "TCP_USER_TIMEOUT", None):  # Linux
        listener.setsockopt(socket.IPPROTO_TCP, option, round(STUCK * 1000))

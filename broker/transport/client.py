"""nats-py 2.16, corrected, with a shorter way in and out for what the broker does a thousand times a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import ParseResult, unquote

import nats.errors
from dramatiq.logging import get_logger
from nats.aio.client import PING_PROTO, Client, Srv
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

#: How long the other side may take to confirm that a connection is closed. Seconds.
CLOSE_TIMEOUT = 2.0

LOGGER = get_logger(__name__)

T = TypeVar("T")

#: What a subscription of `listen` is called with: subject, reply subject, payload, and the headers as they came.
Receive = Callable[[bytes, bytes, bytes, bytes | None], None]


class _Address(ParseResult):
    """A server's address. What is percent-encoded in its user and password is decoded, as in nats.go."""

    @property
    def username(self) -> str | None:
        return None if super().username is None else unquote(str(super().username))

    @property
    def password(self) -> str | None:
        return None if super().password is None else unquote(str(super().password))


class OrderedClient(Client):
    """nats-py 2.16, corrected.

    A PING keeps its place, so that `flush()` is a barrier; a PONG that nobody awaits any more does not end the reading;
    a cancellation that comes together with an answer is not swallowed; a message that is over the server's limit only
    with its headers is refused before it is sent; the socket of an attempt to reconnect that failed half-way is closed,
    and that of a server that takes nothing any more; what is no text where text belongs does not end the client; user
    and password in an address may be percent-encoded; an address that says tls:// gets no password in clear, whatever
    the other side says; and closing ends, also after a failed handshake, which nobody would confirm.
    """

    def __init__(self) -> None:
        super().__init__()
        self._receivers: dict[int, Receive] = {}
        self._posted: list[bytes] = []

    # The short way

    def post(self, subject: str, payload: bytes, reply: str = "", headers: bytes = b"") -> None:
        """As `publish`, at once: what is posted in one turn of the loop is written together.

        Raises ConnectionReconnectingError while there is no server: nothing is kept to be sent later.
        """
        if not self.is_connected:
            raise nats.errors.ConnectionReconnectingError
        size = len(payload)
        if headers:
            length = len(headers)
            command = b"HPUB %b %b %d %d\r\n%b%b\r\n" % (
                subject.encode(), reply.encode(), length, length + size, headers, payload,
            )  # fmt: skip
        else:
            command = b"PUB %b %b %d\r\n%b\r\n" % (subject.encode(), reply.encode(), size, payload)
        if not self._posted:
            asyncio.get_running_loop().call_soon(self._write_posted)
        self._posted.append(command)

    def _write_posted(self) -> None:
        posted, self._posted = self._posted, []
        if not self.is_connected or not posted or self._transport is None:
            return  # whoever posted is told that the connection was lost
        # What nats-py has not written yet, a subscription say, was there first.
        commands, self._pending, self._pending_data_size = [*self._pending, *posted], [], 0
        with contextlib.suppress(OSError, RuntimeError):  # closed at this moment: the reading side tells everybody
            self._transport.writelines(commands)

    async def listen(self, subject: str, receive: Receive) -> Subscription:
        """Subscribes a plain function, which is called while the connection is read, without a queue or a task."""
        subscription = await self.subscribe(subject, cb=_nothing, pending_msgs_limit=0, pending_bytes_limit=0)
        self._receivers[subscription._id] = receive
        return subscription

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None
    ) -> None:
        """An error here would end the reading, and anybody who may publish could cause one, by what is no text."""
        receive = self._receivers.get(sid)
        try:
            if receive is not None:
                receive(subject, reply, data, headers)
            else:
                await super()._process_msg(sid, subject, reply, data, headers)  # type: ignore[arg-type]
        except UnicodeDecodeError as error:
            await self._error_cb(error)
        except Exception:
            LOGGER.exception("A message on %r could not be taken.", subject)

    def _remove_sub(self, sid: int, max_msgs: int = 0) -> None:
        super()._remove_sub(sid, max_msgs)
        if sid not in self._subs:
            self._receivers.pop(sid, None)

    # The corrections

    async def _send_ping(self, future: asyncio.Future[Any] | None = None) -> None:
        self._write_posted()
        self._pongs.append(asyncio.get_running_loop().create_future() if future is None else future)
        await self._send_command(PING_PROTO)
        await self._flush_pending()

    async def _process_pong(self) -> None:
        # nats-py sets the result of a future that a flush has given up, and its reading ends with InvalidStateError.
        if self._pongs and self._pongs[0].done():
            self._pongs[0] = asyncio.get_running_loop().create_future()
        await super()._process_pong()

    async def _flush_pending(self, force_flush: bool = False) -> Any:
        return await cancellable(super()._flush_pending(force_flush))

    async def flush(self, *args: Any, **options: Any) -> None:
        await cancellable(super().flush(*args, **options))

    async def publish(
        self, subject: str, payload: bytes = b"", reply: str = "", headers: dict[str, Any] | None = None
    ) -> None:
        if headers and len(write_headers(headers)) + len(payload) > self.max_payload:
            raise nats.errors.MaxPayloadError  # nats-py leaves it to the server, which closes the connection
        await super().publish(subject, payload, reply, headers)

    async def request(self, *args: Any, **options: Any) -> Msg:
        return await cancellable(super().request(*args, **options))

    async def _connect_to_server(self, s: Srv) -> None:
        if self._transport is not None:
            self._transport.close()
        await super()._connect_to_server(s)

    async def _process_connect_init(self) -> None:
        try:
            await super()._process_connect_init()
        except RuntimeError as error:
            # What uvloop raises of a socket that the other side has closed; nats-py expects an OSError.
            raise ConnectionResetError(str(error)) from error

    async def connect(self, *args: Any, **options: Any) -> None:
        try:
            await cancellable(super().connect(*args, **options))
        except asyncio.CancelledError:
            await self.close()  # nobody else knows of it
            raise

    async def close(self) -> None:
        """Ends the connection, within CLOSE_TIMEOUT seconds."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await super().close()
        except TimeoutError:
            self._hang_up()

    async def _attempt_reconnect(self) -> None:
        self._hang_up()
        await super()._attempt_reconnect()

    def _hang_up(self) -> None:
        """An end in order would first have everything sent, to a server that perhaps takes nothing any more."""
        writer: asyncio.StreamWriter | None = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()

    @staticmethod
    def _parse_server_uri(connect_url: str) -> ParseResult:
        return _Address(*Client._parse_server_uri(connect_url))

    def _connect_command(self) -> bytes:
        server = self._current_server
        if server and server.uri.scheme == "tls" and not self._server_info.get("tls_required"):
            raise nats.errors.Error("the address says tls://, but what answers there offers no TLS")
        return super()._connect_command()


async def cancellable(waiting: Coroutine[Any, Any, T]) -> T:
    """What `waiting` answers or raises; a cancellation meanwhile is one, also where nats-py or `asyncio.wait_for`
    swallows it.

    Before Python 3.12 `wait_for` does, where what it waits for comes in the same turn of the loop.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await waiting
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


async def _nothing(_: Msg) -> None:
    """Takes the place of a callback: `listen` is called instead."""


def write_headers(headers: dict[str, str]) -> bytes:
    """A block of headers; names and values are one line of text each."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"NATS/1.0\r\n{lines}\r\n".encode()


def read_headers(block: bytes | None) -> dict[str, str]:
    """A block of headers, with the status of a message that the server itself has made as Status and Description."""
    first, *lines = (block or b"").decode().split("\r\n")
    _, _, status = first.partition(" ")
    headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    if status:
        headers["Status"], _, headers["Description"] = status.strip().partition(" ")
    return headers

"""A nats-py 2.16 client with bug fixes, and faster publishing and receiving for the broker's hot path."""

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

#: How long closing a connection may wait for the peer's confirmation. Seconds.
CLOSE_TIMEOUT = 2.0

LOGGER = get_logger(__name__)

T = TypeVar("T")

#: The callback of `listen`: subject, reply subject, payload, and the raw headers.
Receive = Callable[[bytes, bytes, bytes, bytes | None], None]


class _Address(ParseResult):
    """A server's address whose user and password are percent-decoded, as in nats.go."""

    @property
    def username(self) -> str | None:
        return None if super().username is None else unquote(str(super().username))

    @property
    def password(self) -> str | None:
        return None if super().password is None else unquote(str(super().password))


class OrderedClient(Client):
    """nats-py 2.16 with bug fixes.

    - A PING keeps its place in the output, so that `flush()` is a barrier.
    - A PONG that is no longer awaited does not end the reading.
    - A cancellation that arrives together with a response is not swallowed.
    - A message that exceeds the server's limit only with its headers is refused before it is sent.
    - The socket of a failed attempt to reconnect is closed, and so is that of a server that accepts no more data.
    - Invalid UTF-8 where text is expected does not end the client.
    - User and password in an address may be percent-encoded.
    - An address with `tls://` never sends the password in cleartext, whatever the peer says.
    - Closing always ends, also after a failed handshake, which the peer would never confirm.
    """

    def __init__(self) -> None:
        super().__init__()
        self._receivers: dict[int, Receive] = {}
        self._posted: list[bytes] = []

    # The short way

    def post(self, subject: str, payload: bytes, reply: str = "", headers: bytes = b"") -> None:
        """As `publish`, without awaiting: all messages posted in one turn of the loop are written together.

        Raises ConnectionReconnectingError while there is no server: nothing is buffered for later.
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
            return  # the posting callers are notified that the connection was lost
        # Commands that nats-py has not written yet (a subscription, say) were first.
        commands, self._pending, self._pending_data_size = [*self._pending, *posted], [], 0
        with contextlib.suppress(OSError, RuntimeError):  # closed at this moment: the reader reports the loss
            self._transport.writelines(commands)

    async def listen(self, subject: str, receive: Receive) -> Subscription:
        """Subscribes a plain function that is called directly by the reader, without a queue or a task."""
        subscription = await self.subscribe(subject, cb=_nothing, pending_msgs_limit=0, pending_bytes_limit=0)
        self._receivers[subscription._id] = receive
        return subscription

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None
    ) -> None:
        """Handles a message and logs any error: an error would end the reading, and any publisher can cause one
        with invalid UTF-8."""
        receive = self._receivers.get(sid)
        try:
            if receive is not None:
                receive(subject, reply, data, headers)
            else:
                await super()._process_msg(sid, subject, reply, data, headers)  # type: ignore[arg-type]
        except UnicodeDecodeError as error:
            await self._error_cb(error)
        except Exception:
            LOGGER.exception("A message on subject %r could not be processed.", subject)

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
        # nats-py sets the result of a future that a flush has abandoned, and its reading ends with
        # InvalidStateError.
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
            raise nats.errors.MaxPayloadError  # nats-py would leave it to the server, which closes the connection
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
            # uvloop raises this for a socket that the peer has closed; nats-py expects an OSError.
            raise ConnectionResetError(str(error)) from error

    async def connect(self, *args: Any, **options: Any) -> None:
        try:
            await cancellable(super().connect(*args, **options))
        except asyncio.CancelledError:
            await self.close()  # no other code has a reference to it
            raise

    async def close(self) -> None:
        """Closes the connection within CLOSE_TIMEOUT seconds."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await super().close()
        except TimeoutError:
            self._hang_up()

    async def _attempt_reconnect(self) -> None:
        self._hang_up()
        await super()._attempt_reconnect()

    def _hang_up(self) -> None:
        """Aborts the socket: a regular close would first send all buffered data, which the server may no longer
        accept."""
        writer: asyncio.StreamWriter | None = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()

    @staticmethod
    def _parse_server_uri(connect_url: str) -> ParseResult:
        return _Address(*Client._parse_server_uri(connect_url))

    def _connect_command(self) -> bytes:
        server = self._current_server
        if server and server.uri.scheme == "tls" and not self._server_info.get("tls_required"):
            raise nats.errors.Error("the address says tls://, but the server does not offer TLS")
        return super()._connect_command()


async def cancellable(waiting: Coroutine[Any, Any, T]) -> T:
    """Returns or raises what `waiting` does, but lets a cancellation through that nats-py or `asyncio.wait_for`
    swallows.

    Before Python 3.12, `wait_for` swallows one that arrives in the same turn of the loop as the result.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await waiting
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


async def _nothing(_: Msg) -> None:
    """A placeholder callback: the function passed to `listen` is called instead."""


def write_headers(headers: dict[str, str]) -> bytes:
    """Encodes a block of headers; each name and value is one line of text."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"NATS/1.0\r\n{lines}\r\n".encode()


def read_headers(block: bytes | None) -> dict[str, str]:
    """Decodes a block of headers; the status of a server-generated message becomes Status and Description."""
    first, *lines = (block or b"").decode().split("\r\n")
    _, _, status = first.partition(" ")
    headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    if status:
        headers["Status"], _, headers["Description"] = status.strip().partition(" ")
    return headers

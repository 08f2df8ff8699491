"""A server that takes nothing more, as a machine that is frozen, while its connection lives."""

from __future__ import annotations

import asyncio
import socket

import pytest

from broker.client import OrderedClient
from tests.conftest import until

pytestmark = pytest.mark.anyio


async def test_a_server_that_takes_nothing_more_is_left() -> None:
    writers: list[asyncio.StreamWriter] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(b'INFO {"server_id":"x","version":"2.12.0","max_payload":1000000}\r\n')
        await reader.readuntil(b"PING\r\n")
        writer.write(b"PONG\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server = await asyncio.start_server(greet, sock=listener, limit=4096)
    client = OrderedClient()
    await client.connect(
        f"nats://127.0.0.1:{listener.getsockname()[1]}",
        ping_interval=1,
        max_outstanding_pings=1,
        reconnect_time_wait=0,
    )
    for _ in range(10):  # more than the sockets hold
        client.post("a", bytes(1_000_000))

    async def has_come_again() -> bool:
        return len(writers) > 1

    await until(has_come_again, timeout=10)
    await client.close()
    for writer in writers:
        writer.transport.abort()
    server.close()

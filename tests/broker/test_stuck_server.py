"""Servers at their worst: one takes nothing more while its connection lives, one hangs up in the middle of a word."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading

import pytest

from broker import NatsBroker
from broker.transport.client import OrderedClient
from tests.conftest import eventually, join, until

pytestmark = pytest.mark.anyio


INFO = b'INFO {"server_id":"x","version":"2.12.0","max_payload":1000000}\r\n'


async def test_a_server_that_takes_nothing_more_is_left() -> None:
    writers: list[asyncio.StreamWriter] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(INFO)
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


def test_a_server_that_resets_connections_while_it_greets_is_reached_in_the_end() -> None:
    """On uvloop one of the first would have ended the reconnecting for good."""
    greeted = 0

    def serve() -> None:
        nonlocal greeted
        while greeted < 100:
            caller, _ = listener.accept()
            greeted += 1
            with caller:
                caller.sendall(INFO)
                while greeted in (1, 100) and (data := caller.recv(4096)):
                    caller.sendall(b"PONG\r\n" * data.count(b"PING\r\n"))
                    if greeted == 1 and b"PING" in data:
                        break
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, daemon=True)
        server.start()
        url = f"nats://127.0.0.1:{listener.getsockname()[1]}"
        broker = NatsBroker(url, connect_options={"reconnect_time_wait": 0})
        broker.run(broker.client())
        eventually(lambda: greeted == 100 and broker._open().connection.is_up)
        broker.close()
        join(server)

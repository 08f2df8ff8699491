"""A host that is not the portal's: it writes down whatever reaches it, by TCP or UDP, on one port."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

#: The first line of an HTTP request; the group is the name that its address starts with.
REQUEST = re.compile(rb"[A-Z]+ /*([\w.-]*)[^ ]* HTTP/1\.")


@dataclass
class Thief:
    """`received` has an entry for each connection, with its first bytes, and for each packet."""

    port: int = 0
    received: list[bytes] = field(default_factory=list)
    content_type: str = "text/javascript"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def channels(self) -> set[str]:
        """The names in the addresses that were asked for; a packet, which may hold any bytes, counts as `udp`."""
        asked = (REQUEST.match(data) for data in self.received)
        return {match[1].decode() if match else "udp" for match in asked}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received.append(b"")
        place = len(self.received) - 1
        with contextlib.suppress(OSError):
            self.received[place] = await reader.read(4096)
            kind = "text/css" if b".css" in self.received[place] else self.content_type
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\nContent-Length: 0\r\n"
            writer.write(f"{head}Access-Control-Allow-Origin: *\r\n\r\n".encode())
            await writer.drain()
        writer.close()


class _Packets(asyncio.DatagramProtocol):
    def __init__(self, thief: Thief) -> None:
        self._thief = thief

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._thief.received.append(b"packet " + data)


@asynccontextmanager
async def open_thief() -> AsyncIterator[Thief]:
    thief = Thief()
    async with await asyncio.start_server(thief.answer, "127.0.0.1", 0) as server:
        thief.port = server.sockets[0].getsockname()[1]
        address = ("127.0.0.1", thief.port)
        udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Packets(thief), address)
        try:
            yield thief
        finally:
            udp.close()
            await asyncio.sleep(0)  # its socket is closed a turn later

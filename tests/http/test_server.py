"""The server under callers that do not send what they have begun, or do not take what they have asked for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from actors.http import server
from actors.http.server import HttpServer

pytestmark = pytest.mark.anyio

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


class Site:
    """A page, and a stream that never ends."""

    def __init__(self) -> None:
        self.has_left = asyncio.Event()
        self.server = HttpServer(
            Starlette(routes=[Route("/", self.page, methods=["GET"]), Route("/stream", self.stream)]),
            "127.0.0.1",
            0,
            "HTTP_PORT",
        )

    @property
    def port(self) -> int:
        return urlsplit(self.server.url).port or 0

    async def page(self, _: Request) -> Response:
        return PlainTextResponse("a page")

    async def stream(self, _: Request) -> Response:
        return StreamingResponse(self._endless())

    async def _endless(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(65536)
                await asyncio.sleep(0)  # to a reader that has left everything is sent at once
        finally:
            self.has_left.set()


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(server, "REQUEST_WITHIN", 0.5)
    monkeypatch.setattr(server, "STUCK", 0.5)
    site = Site()
    await site.server.start()
    yield site
    await site.server.stop()


@pytest.fixture
async def caller(site: Site) -> AsyncIterator[socket.socket]:
    with socket.socket() as caller:
        caller.setblocking(False)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.get_running_loop().sock_connect(caller, ("127.0.0.1", site.port))
        yield caller


@pytest.mark.parametrize(
    ("begun", "piece"),
    [
        (b"", b""),
        (HEAD, b"x"),
        (HEAD + b"\r\n" + HEAD, b"x"),
        (HEAD + b"Content-Length: 999\r\n\r\n", b"x"),
    ],
    ids=["nothing", "an endless head", "an endless head after an answer", "an endless body"],
)
async def test_a_request_that_does_not_come_to_its_end_is_ended(
    caller: socket.socket, begun: bytes, piece: bytes
) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(caller, begun)
    ended = asyncio.create_task(_answers(caller))
    async with asyncio.timeout(20):
        while not ended.done():
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(caller, piece)
            await asyncio.wait({ended}, timeout=0.05)
    assert (b"a page" in ended.result()) is (b"\r\n\r\n" in begun)


async def test_one_that_asks_again_and_again_stays(caller: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(4):
        await loop.sock_sendall(caller, HEAD + b"\r\n")
        assert (await loop.sock_recv(caller, 4096)).endswith(b"a page")
        await asyncio.sleep(server.REQUEST_WITHIN / 2)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux ends it")
async def test_a_reader_that_takes_nothing_is_ended(site: Site, caller: socket.socket) -> None:
    await asyncio.get_running_loop().sock_sendall(caller, b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(20):
        await site.has_left.wait()


async def _answers(caller: socket.socket) -> bytes:
    """All that comes until the other side has ended the connection."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := await asyncio.get_running_loop().sock_recv(caller, 4096):
            received += piece
    return received

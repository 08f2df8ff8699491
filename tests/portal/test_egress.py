"""Where a browser's connections may go, by the proxy's own protocol; and the proxies on the way to the portal."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from engine.portal import PortalSettings
from engine.portal.egress import EgressPolicy, EgressProxy
from engine.portal.endpoint import Endpoint
from engine.portal.network import Unreachable, Upstream
from tests.conftest import free_port
from tests.portal.thief import open_thief

pytestmark = pytest.mark.anyio

REQUEST = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
OK, NOT_ALLOWED, UNREACHABLE, UNKNOWN_COMMAND = 0, 2, 4, 7


@asynccontextmanager
async def proxy_of(
    base_url: str, proxies: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[EgressPolicy, EgressProxy]]:
    policy = EgressPolicy(PortalSettings(base_url=base_url))
    proxy = await EgressProxy.start(policy, Upstream(proxies or {}))
    try:
        yield policy, proxy
    finally:
        proxy.close()


@asynccontextmanager
async def connect(
    proxy: EgressProxy, host: str, port: int, command: int = 1
) -> AsyncIterator[tuple[int, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A SOCKS client; yields the proxy's reply and the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2]))
    name = host.encode()
    writer.write(b"\5\1\0" + bytes((5, command, 0, 3, len(name))) + name + struct.pack("!H", port))
    assert await reader.readexactly(2) == b"\5\0"
    reply = (await reader.readexactly(10))[1]
    try:
        yield reply, reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_the_portal_is_reached_and_nothing_else():
    async with open_thief() as portal, open_thief() as other, proxy_of(portal.url) as (policy, proxy):
        policy.lock()
        async with connect(proxy, "127.0.0.1", portal.port) as (reply, reader, writer):
            assert reply == OK
            writer.write(REQUEST)
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
        for host, port in (("127.0.0.1", other.port), ("localhost", portal.port), ("evil.test", 443)):
            async with connect(proxy, host, port) as (reply, _, _):
                assert reply == NOT_ALLOWED
        async with connect(proxy, "127.0.0.1", portal.port, command=3) as (reply, _, _):
            assert reply == UNKNOWN_COMMAND  # UDP
        assert portal.received == [REQUEST]
        assert other.received == []
        assert list(policy.refused) == [f"127.0.0.1:{other.port}", f"localhost:{portal.port}", "evil.test:443"]


@pytest.mark.parametrize(("scheme", "first"), [("https", REQUEST), ("http", b"\x16\x03\x01\x02")])
async def test_another_scheme_at_the_same_port_is_another_origin(scheme: str, first: bytes):
    async with open_thief() as portal, proxy_of(f"{scheme}://127.0.0.1:{portal.port}") as (_, proxy):
        async with connect(proxy, "127.0.0.1", portal.port) as (_, reader, writer):
            writer.write(first)
            with contextlib.suppress(OSError):
                assert await reader.read() == b""
        assert portal.received in ([], [b""])


async def test_what_is_allowed_elsewhere_is_cut_when_the_policy_is_locked():
    async with open_thief() as other, proxy_of("http://portal.test") as (policy, proxy):
        async with asyncio.TaskGroup() as group:
            group.create_task(allow_soon(policy, f"{other.url}/library.js"))
            async with connect(proxy, "127.0.0.1", other.port) as (reply, reader, writer):
                assert reply == OK
                policy.lock()
                with contextlib.suppress(OSError):
                    assert await reader.read() == b""
                writer.write(REQUEST)
        policy.allow(f"{other.url}/library.js")
        async with connect(proxy, "127.0.0.1", other.port) as (reply, _, _):
            assert reply == NOT_ALLOWED
        assert REQUEST not in other.received


async def allow_soon(policy: EgressPolicy, url: str) -> None:
    """After the connection has asked, as it is with a redirect."""
    await asyncio.sleep(0)
    policy.allow(url)


async def test_an_unreachable_portal_fails_the_sign_in_with_its_reason():
    port = free_port()
    async with proxy_of(f"http://127.0.0.1:{port}") as (policy, proxy):
        async with connect(proxy, "127.0.0.1", port) as (reply, _, _):
            assert reply == UNREACHABLE
        assert str(policy.unreachable) == "the portal refuses connections"


@asynccontextmanager
async def http_proxy(answer: str) -> AsyncIterator[tuple[int, list[bytes]]]:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(f"HTTP/1.1 {answer}\r\n\r\n".encode())
        writer.write((await reader.read(100)).upper())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heads


async def test_a_proxy_of_the_environment_is_used_with_its_password():
    async with http_proxy("200 ok") as (port, heads):
        proxies = {"http": f"http://ada:p%40ss@127.0.0.1:{port}"}
        async with (
            proxy_of("http://portal.test:8080", proxies) as (_, proxy),
            connect(proxy, "portal.test", 8080) as (reply, reader, writer),
        ):
            assert reply == OK
            writer.write(b"hello")
            assert await reader.read() == b"HELLO"
        assert heads[0].startswith(b"CONNECT portal.test:8080 HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic YWRhOnBAc3M=\r\n" in heads[0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("407 who are you", "refuses the connection with 407; set its user and password in HTTPS_PROXY"),
        ("403 no", "refuses the connection with 403"),
        ("hello", "does not respond as an HTTP proxy"),
    ],
)
async def test_a_proxy_that_refuses_is_named(answer: str, words: str):
    async with http_proxy(answer) as (port, _):
        proxies = {"http": f"127.0.0.1:{port}"}
        async with (
            proxy_of("http://portal.test", proxies) as (policy, proxy),
            connect(proxy, "portal.test", 80) as (reply, _, _),
        ):
            assert reply == UNREACHABLE
        assert words in str(policy.unreachable)


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        ({"https": "http://p.test:3128"}, "p.test"),
        ({"all": "http://p.test:3128"}, "p.test"),
        ({"http": "http://p.test:3128"}, None),
        ({"https": "http://p.test:3128", "no": "portal.test"}, None),
        ({"https": "http://p.test:3128", "no": "other.test"}, "p.test"),
        ({}, None),
    ],
    ids=str,
)
def test_the_environment_names_the_proxy_and_its_exceptions(proxies: dict[str, str], expected: str | None):
    found = Upstream(proxies).proxy_for(Endpoint("https", "www.portal.test", 443))
    assert (found.endpoint.host if found else None) == expected


@pytest.mark.parametrize("address", ["socks5://p.test:1080", "http://p.test:port", "http://"])
def test_a_proxy_that_is_not_supported_is_refused_with_a_sentence(address: str):
    with pytest.raises(Unreachable, match="proxy"):
        Upstream({"https": address}).proxy_for(Endpoint("https", "portal.test", 443))


def test_the_password_of_a_proxy_is_not_shown():
    proxies = {"https": "http://ada:hunter2@p.test:3128"}
    found = Upstream(proxies).proxy_for(Endpoint("https", "portal.test", 443))
    assert "hunter2" not in repr(Upstream(proxies)) + repr(found) + repr(
        PortalSettings(upstream=Upstream(proxies))
    )

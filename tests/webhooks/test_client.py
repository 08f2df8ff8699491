"""One POST to receivers of every kind: it is bounded, follows no redirect, and reaches only allowed networks."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from actors.notifier.http_client import WebhookClient
from engine.webhook_retry import AttemptReason, AttemptResult
from engine.webhook_targets import EgressPolicy
from tests.conftest import free_port
from tests.safety.test_nats_tls import certificate
from tests.webhooks.receiver import HANG, Receiver, receiving

pytestmark = pytest.mark.anyio

LOCAL = EgressPolicy((ip_network("127.0.0.0/8"), ip_network("::1")))
HEADERS = {"webhook-id": "1"}


async def post(url: str, reach: EgressPolicy = LOCAL, timeout: float = 5.0) -> AttemptResult:
    """It must not take much longer than its `timeout`, whatever the other side does."""
    async with asyncio.timeout(timeout + 10):
        return await WebhookClient(reach, timeout).post(url, HEADERS, '{"a":"ä"}')


@asynccontextmanager
async def raw(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server that speaks as it likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_it_posts_json_and_returns_the_status(receiver: Receiver) -> None:
    answer = await post(receiver.url("/hook?token=x"))
    assert (answer.reason, answer.status) == (None, 200)
    [posted] = receiver.posted
    assert posted.path == "/hook?token=x"
    assert posted.body == '{"a":"ä"}'.encode()
    assert posted.headers["content-type"] == "application/json"
    assert posted.headers["webhook-id"] == "1"
    assert posted.headers["user-agent"].startswith("idexx-sync/")


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.statuses["/from"][0] = 302
    receiver.headers["location"] = receiver.url("/to")
    assert (await post(receiver.url("/from"))).reason is AttemptReason.REDIRECT
    assert [one.path for one in receiver.posted] == ["/from"]


async def test_a_receiver_that_says_nothing_is_left(receiver: Receiver) -> None:
    receiver.statuses["/"][0] = HANG
    assert (await post(receiver.url(), timeout=0.3)).reason is AttemptReason.TIMEOUT


async def test_a_receiver_that_dribbles_is_left() -> None:
    async def dribble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x-more: 1\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with raw(dribble) as url:
        assert (await post(url, timeout=0.5)).reason is AttemptReason.TIMEOUT


async def test_an_endless_body_is_not_read() -> None:
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        for _number in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 100_000

    async with raw(flood) as url:
        assert (await post(url)).status == 200
    assert sent < 20e6, "what the sockets hold, and no more"


async def test_a_response_that_is_not_http_has_its_reason() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()

    async with raw(babble) as url:
        assert (await post(url)).reason is AttemptReason.BAD_ANSWER


async def test_a_closed_port_and_an_unknown_host_have_their_reasons() -> None:
    assert (await post(f"http://127.0.0.1:{free_port()}/")).reason is AttemptReason.NO_CONNECTION
    assert (await post("https://unknown.invalid/")).reason is AttemptReason.UNKNOWN_HOST


async def test_our_own_network_is_not_reached_by_name_or_number(receiver: Receiver) -> None:
    for host in ("127.0.0.1", "localhost", "0x7f000001", "[::ffff:127.0.0.1]"):
        assert (await post(receiver.url(host=host), EgressPolicy())).reason is AttemptReason.NOT_ALLOWED
        assert (
            await post(receiver.url(host=host).replace("http:", "https:"), EgressPolicy())
        ).reason is AttemptReason.NOT_ALLOWED
    assert not receiver.posted


async def test_a_name_that_leads_elsewhere_the_second_time_leads_nowhere(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the address that is checked is the one that is connected to."""
    answers = ["93.184.215.14", "127.0.0.1"]
    connected: list[Any] = []

    async def look_up(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), receiver.port))]

    async def connect(_: Any, host: str, *__: Any) -> Any:
        connected.append(host)
        raise OSError("no way out of here")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", connect)
    with pytest.raises(OSError, match="no way out"):
        await post(f"https://rebind.example:{receiver.port}/", EgressPolicy())
    assert connected == ["93.184.215.14"]
    assert (
        await post(f"https://rebind.example:{receiver.port}/", EgressPolicy())
    ).reason is AttemptReason.NOT_ALLOWED
    assert connected == ["93.184.215.14"]


async def test_of_several_addresses_the_allowed_ones_are_tried_in_turn(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_up(*_: Any, **__: Any) -> Any:
        found = ("10.0.0.1", "127.0.0.2", "127.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, receiver.port)) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    assert (await post(f"http://several.example:{receiver.port}/")).status == 200


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver for whose certificate an authority vouches that we trust (SSL_CERT_FILE)."""
    authority = certificate("authority", None, tmp_path)
    certificate("receiver", authority, tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "receiver.pem", tmp_path / "receiver.key")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with receiving(context) as receiver:
        yield receiver


async def test_a_certificate_must_be_good_and_of_the_name(tls: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await post(tls.url())).status == 200
    assert (await post(tls.url(host="localhost"))).reason is AttemptReason.TLS, "it is another name"
    monkeypatch.delenv("SSL_CERT_FILE")
    assert (await post(tls.url())).reason is AttemptReason.TLS, "its certificate is not trusted"
    assert len(tls.posted) == 1


async def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert (await post(receiver.url())).status == 200

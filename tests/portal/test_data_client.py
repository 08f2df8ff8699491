"""Data calls without a browser: bounded while they are read, with the session's cookies, by the same way."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpcore
import pytest

from engine.failure import PortalFailure, Reason
from engine.portal import PortalSettings, Session, evidence_recorder
from engine.portal.cookies import CookieJar
from engine.portal.data_client import DataClient
from engine.portal.error_mapping import map_portal_errors
from engine.portal.network import Upstream
from engine.portal.redaction import mask_body
from engine.snapshot import Snapshot
from tests.portal.conftest import TODAY, Stage

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
LIMIT = 2 * MIB


@dataclass
class Server:
    """Answers every request with `head` and `body`; `sent` is how much of the body was taken from it."""

    head: str = "HTTP/1.1 200 OK\r\n"
    body: bytes = b"[]"
    length: int | None = None
    port: int = 0
    sent: int = 0
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            length = len(self.body) if self.length is None else self.length
            writer.write(f"{self.head}Content-Length: {length}\r\nConnection: close\r\n\r\n".encode())
            for start in range(0, len(self.body), 65536):
                writer.write(self.body[start : start + 65536])
                await writer.drain()
                self.sent = start
        writer.close()


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[tuple[Server, DataClient]]:
    server = Server(**options)
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        server.port = listener.sockets[0].getsockname()[1]
        base = f"http://127.0.0.1:{server.port}"
        client = DataClient(PortalSettings(base_url=base, max_body_bytes=LIMIT, upstream=Upstream()))
        yield server, client
        await client.close()


async def get(server: Server, client: DataClient) -> bytes:
    with map_portal_errors("the call"):
        return (await client.get(f"http://127.0.0.1:{server.port}/x", {})).body


def bomb(mebibytes: int) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packing.compress(bytes(MIB)) for _ in range(mebibytes)), packing.flush()])


GZIP = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"


@pytest.mark.parametrize(
    "options",
    [
        {"body": bytes(64 * MIB)},
        {"head": GZIP, "body": bomb(200)},
        {"head": GZIP, "body": bomb(1) * 200},
        {"head": GZIP.replace("gzip", "gzip, gzip"), "body": gzip.compress(bomb(64), mtime=0)},
        {"head": GZIP.replace("gzip", "br"), "body": b"\x0b\x02"},
        {"head": GZIP, "body": b"no gzip"},
    ],
    ids=["plain", "packed", "many streams", "packed twice", "not asked for", "not packed"],
)
async def test_an_answer_is_bounded_while_it_is_read_and_unpacked(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    taken: list[int] = []
    monkeypatch.setattr(zlib, "decompressobj", counting(zlib.decompressobj, taken))
    async with serving(**options) as (server, client):
        with pytest.raises(PortalFailure) as raised:
            await get(server, client)
        assert raised.value.failure.reason is Reason.BAD_ANSWER
        assert server.sent < 32 * MIB
        assert sum(taken) <= 2 * LIMIT + 2


def counting(make: Callable[[int], Any], taken: list[int]) -> Callable[[int], Any]:
    class Counting:
        def __init__(self, bits: int) -> None:
            self._inner = make(bits)

        def decompress(self, data: bytes, most: int = 0) -> bytes:
            piece = bytes(self._inner.decompress(data, most))
            taken.append(len(piece))
            return piece

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    return Counting


@pytest.mark.parametrize(
    "options",
    [
        {"body": b"[1]"},
        {"head": GZIP, "body": gzip.compress(b"[1]", mtime=0)},
        {"head": GZIP, "body": gzip.compress(b"[", mtime=0) + gzip.compress(b"1]", mtime=0)},
        {"head": GZIP.replace("gzip", "X-GZip"), "body": gzip.compress(b"[1]", mtime=0)},
    ],
    ids=str,
)
async def test_what_is_packed_is_unpacked(options: dict[str, Any]):
    async with serving(**options) as (server, client):
        assert await get(server, client) == b"[1]"
        assert "accept-encoding: gzip\r\n" in server.heads[0].lower()


@pytest.mark.parametrize(
    "options",
    [
        {"body": b"[1", "length": 9},
        {"head": GZIP, "body": gzip.compress(b"[1]", mtime=0)[:-9]},
        {"head": "", "body": b""},
    ],
    ids=str,
)
async def test_an_answer_that_breaks_off_is_a_lost_connection_or_a_bad_answer(options: dict[str, Any]):
    async with serving(**options) as (server, client):
        with pytest.raises(PortalFailure) as raised:
            await get(server, client)
        assert raised.value.failure.reason in {Reason.CONNECTION_LOST, Reason.BAD_ANSWER}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpcore.ConnectError("x"), Reason.PORTAL_UNAVAILABLE),
        (httpcore.ProxyError("407"), Reason.PORTAL_UNAVAILABLE),
        (httpcore.ReadError("reset"), Reason.CONNECTION_LOST),
        (httpcore.RemoteProtocolError("Server disconnected without sending a response."), Reason.CONNECTION_LOST),
        (httpcore.RemoteProtocolError("illegal status line"), Reason.BAD_ANSWER),
        (httpcore.ReadTimeout("x"), Reason.TIMED_OUT),
    ],
    ids=str,
)
def test_errors_of_the_client_have_a_reason(error: Exception, reason: Reason):
    with pytest.raises(PortalFailure) as raised, map_portal_errors("the call"):
        raise error
    assert raised.value.failure.reason is reason


BASE = "https://us.portal.test"


def jar(*cookies: dict[str, Any], base: str = BASE) -> CookieJar:
    return CookieJar(cookies, base)


@pytest.mark.parametrize(
    ("cookie", "url", "sent"),
    [
        ({"domain": "us.portal.test", "path": "/"}, f"{BASE}/x", True),
        ({"domain": ".portal.test", "path": "/"}, f"{BASE}/x", True),
        ({"domain": "eu.portal.test", "path": "/"}, f"{BASE}/x", False),
        ({"domain": "us.portal.test", "path": "/login"}, f"{BASE}/x", False),
        ({"domain": "us.portal.test", "path": "/login"}, f"{BASE}/login", True),
        ({"domain": "us.portal.test", "path": "/", "secure": True}, f"{BASE}/x", True),
        ({"domain": "us.portal.test", "path": "/", "secure": True}, "http://us.portal.test/x", False),
        ({"domain": "us.portal.test", "path": "/", "expires": 1.5}, f"{BASE}/x", False),
        ({"domain": "us.portal.test", "path": "/", "expires": -1}, f"{BASE}/x", True),
        ({"url": "http://localhost:8700"}, "http://localhost:8700/x", True),
        ({"url": "http://127.0.0.1:8700"}, "http://127.0.0.1:8700/x", True),
    ],
    ids=str,
)
def test_a_cookie_is_sent_where_a_browser_would_send_it(cookie: dict[str, Any], url: str, sent: bool):
    given = {"name": "neo_session", "value": "a=b;c"[:3], **cookie}
    assert jar(given).header(url) == ("neo_session=a=b" if sent else None)


SESSION = {"name": "neo_session", "value": "old", "domain": "us.portal.test", "path": "/", "expires": -1}
OTHER = {"name": "lang", "value": "en", "domain": ".portal.test", "path": "/", "expires": 4102444800.0}


@pytest.mark.parametrize(
    ("set_cookies", "after"),
    [
        (["neo_session=new; Path=/; HttpOnly"], {"neo_session": "new", "lang": "en"}),
        (["lang=de; Domain=portal.test; Path=/"], {"neo_session": "old", "lang": "de"}),
        (["neo_session=; Path=/; Max-Age=0"], {"lang": "en"}),
        (["neo_session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], {"lang": "en"}),
        (["a=1; Path=/", "b=2; Path=/; SameSite=lax"], {"neo_session": "old", "lang": "en", "a": "1", "b": "2"}),
        (["evil=1; Domain=other.test"], {"neo_session": "old", "lang": "en"}),
    ],
    ids=str,
)
def test_what_an_answer_sets_comes_back_into_the_session(set_cookies: Sequence[str], after: dict[str, str]):
    ours = jar(SESSION, OTHER)
    assert not ours.has_changed
    ours.take(f"{BASE}/x", set_cookies)
    assert {cookie["name"]: cookie["value"] for cookie in ours.cookies()} == after
    assert ours.has_changed is (after != {"neo_session": "old", "lang": "en"})
    again = jar(*map(dict, ours.cookies()))
    assert again.header(f"{BASE}/x") == ours.header(f"{BASE}/x")


async def test_a_cookie_that_the_portal_changes_is_stored_for_the_next_scrape(stage: Stage):
    await stage.sandbox.fault_settings(rotate_sessions=True)
    for _ in range(3):
        await stage.assert_true(await stage.scrape_one())
    assert await stage.calls("login") == []
    entry = stage.store.entries[stage.clinic.slug]
    assert isinstance(entry, Session)
    assert entry.generation == "first"


async def test_calls_are_made_in_the_name_of_the_browser_that_signed_in(stranger: Stage):
    await stranger.scrape_one()
    agents = {call.kind: call.user_agent for call in await stranger.sandbox.request_log()}
    assert agents["calendar"] == agents["login"]
    assert re.search("Chrome", agents["calendar"])


async def test_what_is_no_evidence_is_not_masked_and_the_rest_not_on_the_loop(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    masked: list[threading.Thread] = []

    def watch(body: bytes, content_type: str) -> str:
        masked.append(threading.current_thread())
        return mask_body(body, content_type)

    monkeypatch.setattr(evidence_recorder, "mask_body", watch)
    assert isinstance(await stage.scrape_one(), Snapshot)
    assert masked == []
    await stage.sandbox.fault_settings(fail=[{"mode": "not_json"}])
    await stage.scrape_one()
    assert "upstream" in stage.evidence.kept[TODAY].body
    assert masked
    assert threading.main_thread() not in masked

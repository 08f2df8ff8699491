"""Ten thousand malformed requests over HTTP: each gets a refusal, nothing crashes, and a good one works after them."""

from __future__ import annotations

import asyncio
import json
import random
import re
import uuid
from urllib.parse import quote

import httpx
import psutil
import pytest

from ops.sandbox.client import SandboxClinic
from tests.safety.test_fuzz import AT_ONCE, GROWTH_MIB, REQUESTS, malformed
from tests.system.conftest import System

pytestmark = pytest.mark.anyio

SYNC = "/api/idexx/schedule-sync"
_JSON = "Content-Type: application/json"
_WORDS = (
    "",
    "nowhere",
    "A_b",
    "*",
    ">",
    "a.b",
    "_all",
    "../..",
    "\x00",
    "💉",
    "%",
    "x" * 200,
    "' or 1=1 --",
    "-1",
    "1e9",
)


def request_of(rng: random.Random, host: str) -> bytes:
    """Never one that could be carried out."""
    word = quote(rng.choice(_WORDS), safe="") if rng.random() < 0.9 else rng.choice(_WORDS)
    match rng.randrange(9):
        case 0 | 1 | 2:
            return _with_body("POST", SYNC, host, malformed(rng), _JSON)
        case 3:
            return _head(
                "GET", f"{SYNC}/status?clinicId={word}&syncId={uuid.UUID(int=rng.getrandbits(128))}", host
            )
        case 4:
            return _head("GET", f"{SYNC}/{word or 'x'}/events?clinicId={word}", host)
        case 5:
            number = f"Last-Event-ID: {quote(rng.choice(_WORDS), safe='') or 'x'}"
            return _head("GET", f"{SYNC}/{uuid.UUID(int=0)}/events?clinicId=nowhere", host, number)
        case 6:
            verb = rng.choice(("PUT", "DELETE", "PATCH", "BREW", "POST"))
            return _with_body(verb, f"/{word}/{rng.choice(_WORDS[:4])}", host, malformed(rng), "X-A: b")
        case 7:
            spoiled = (
                "Host: evil.example",
                "Content-Length: -1",
                "Transfer-Encoding: chunked\r\nContent-Length: 5",
            )
            return _head("GET", f"{SYNC}/status?clinicId=nowhere", host, rng.choice(spoiled)) + b"0\r\n\r\n"
        case _:
            return rng.randbytes(rng.randrange(1, 300)) + b"\r\n\r\n"


def _head(verb: str, path: str, host: str, *headers: str) -> bytes:
    lines = [f"{verb} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _with_body(verb: str, path: str, host: str, body: bytes, *headers: str) -> bytes:
    return _head(verb, path, host, *headers, f"Content-Length: {len(body)}") + body


async def answer_to(host: str, request: bytes) -> bytes:
    """What comes until the server ends the connection; a byte that it had not read may cut its last words short."""
    name, port = host.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(name, int(port))
    answer = b""
    try:
        async with asyncio.timeout(30):
            writer.write(request)
            while piece := await reader.read(65536):
                answer += piece
    except ConnectionError:
        pass
    finally:
        writer.close()
    return answer


async def test_ten_thousand_malformed_requests_get_a_refusal_each(
    system: System, clinics: list[SandboxClinic]
) -> None:
    system.gateway()
    (url,) = re.findall(r"http_ready\s.*url=http://(\S+)", system.log("gateway"))
    rng, gate = random.Random(7), asyncio.Semaphore(AT_ONCE)
    memory = psutil.Process(system.processes["gateway"].pid).memory_info

    async def refused(request: bytes) -> None:
        async with gate:
            answer = await answer_to(url, request)
        status, _, rest = answer.partition(b"\r\n")
        assert re.match(rb"HTTP/1\.1 4\d\d ", status), (request, answer)
        if b"application/json" in rest:
            assert json.loads(rest.partition(b"\r\n\r\n")[2])["error"]["message"], (request, answer)

    async def send(count: int) -> None:
        await asyncio.gather(*(refused(request_of(rng, url)) for _ in range(count)))

    await send(REQUESTS // 10)
    before = memory().rss
    await send(REQUESTS - REQUESTS // 10)
    assert memory().rss - before < GROWTH_MIB * 2**20
    assert "Traceback" not in system.log("gateway")
    async with httpx.AsyncClient(base_url=f"http://{url}") as client:
        body = {"clinicId": clinics[0].slug, "daysAhead": 1}
        assert (await client.post(SYNC, json=body, headers={"Prefer": "respond-async"})).status_code == 202

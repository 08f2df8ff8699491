"""Ten thousand requests that nobody should send: each is refused, nothing breaks, and the next good one is served."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
from nats.errors import TimeoutError as NatsTimeoutError

from ops.sandbox.client import SandboxClinic
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio

REQUESTS, AT_ONCE, SEED = 10_000, 64, 20260304
VERBS = ("sync", "cancel", "status", "events", "approve", "reject")
CODES = {400, 401, 404, 409, 413}
UUIDS = (
    "00000000-0000-0000-0000-000000000000",
    "not-an-id",
    "",
    "%00",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8' or 1=1",
)
ODD: tuple[object, ...] = (
    *(
        None,
        True,
        -1,
        0,
        61,
        2**63,
        10**40,
        1.5,
        1e400,
        "",
        "14",
        "14; drop table clinics",
        "\0",
        "\x1b[31m",
        "\ud800",
    ),
    *("0001-01-01", "9999-12-31", "2026-02-30", "2026-03-04T00:00:00", [], {}, [[]], {"a": {"a": {}}}, "x" * 5000),
)
FIELDS = (
    "days_ahead",
    "start_date",
    "end_date",
    "request_id",
    "dry_run",
    "sync_id",
    "after_seq",
    "after",
    "__proto__",
)


def payload(rng: random.Random) -> bytes:
    """Never a request that is right."""
    match rng.randrange(8):
        case 0:
            return b"!" + rng.randbytes(rng.randrange(200))
        case 1:
            return b"[" * rng.randrange(1, 8000)
        case 2:
            return b'{"a":' * rng.randrange(1, 3000) + b"1"
        case 3:
            return json.dumps([rng.choice(ODD)]).encode()
        case 4:
            return b'{"days_ahead": 14, "request_id": "' + b"x" * rng.choice((201, 20_000)) + b'"}'
        case 5:
            return json.dumps({"sync_id": rng.choice(UUIDS), "unknown": 1}).encode()
        case _:
            chosen = rng.sample(FIELDS, rng.randrange(1, 5))
            return json.dumps({name: rng.choice(ODD) for name in chosen} | {"not_a_field": 1}).encode()


async def refused(asker: Asker, rng: random.Random, slug: str) -> int:
    clinic = rng.choice((slug, "nowhere", "x" * 200, "%00", "é", "1=1"))
    reply = await asker.ask(rng.choice(VERBS), clinic, payload(rng), timeout=30)
    assert reply["ok"] is False, reply
    return int(reply["error"]["code"])


async def volley(asker: Asker, rng: random.Random, slug: str, count: int) -> Counter[int]:
    """So many at once that none is refused for being too many."""
    codes: Counter[int] = Counter()
    for _ in range(count // AT_ONCE):
        codes.update(await asyncio.gather(*(refused(asker, rng, slug) for _ in range(AT_ONCE))))
    return codes


async def test_ten_thousand_malformed_requests_are_refused(
    system: System, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.gateway()
    rng, slug = random.Random(SEED), clinics[0].slug
    gateway = psutil.Process(system.processes["gateway"].pid)
    codes = await volley(asker, rng, slug, REQUESTS // 2)
    before = gateway.memory_info().rss
    codes += await volley(asker, rng, slug, REQUESTS // 2)
    assert set(codes) <= CODES, codes
    assert gateway.memory_info().rss - before < 16 * 2**20
    assert "Traceback" not in system.log("gateway")
    assert await pool.fetchval("select count(*) from schedule_syncs") == 0
    assert (await asker.ask("sync", slug, {"days_ahead": 1}))["ok"]


@pytest.mark.parametrize(
    "body",
    [
        {"days_ahead": 1, "request_id": "a\0b"},
        {"days_ahead": 1, "request_id": "a\x1bb"},
        {"start_date": "0001-01-01", "end_date": "0001-01-02"},
        {"start_date": "9999-12-30", "end_date": "9999-12-31"},
    ],
    ids=["nul", "escape", "first-day", "last-day"],
)
async def test_what_cannot_be_stored_is_refused_at_the_door(
    system: System, clinics: list[SandboxClinic], asker: Asker, body: object
) -> None:
    system.gateway()
    reply = await asker.ask("sync", clinics[0].slug, body)
    assert reply["error"]["code"] == 400, reply
    reply = await asker.ask("events", clinics[0].slug, {"sync_id": str(UUIDS[0]), "after_seq": 2**31})
    assert reply["error"]["code"] == 400, reply


@pytest.fixture
async def wire(nats_url: str) -> AsyncIterator[asyncio.StreamWriter]:
    """A connection to NATS for what no client library would send."""
    address = urlsplit(nats_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    await reader.readline()
    writer.write(b'CONNECT {"verbose": false, "headers": true, "no_responders": true}\r\n')
    yield writer
    writer.close()
    await writer.wait_closed()


async def test_bytes_that_are_no_text_do_not_stop_a_gateway(
    system: System, clinics: list[SandboxClinic], asker: Asker, wire: asyncio.StreamWriter
) -> None:
    system.gateway()
    subject = f"{asker.prefix}.cmd.status.".encode()
    clinic = clinics[0].slug.encode()
    for header in (
        b"NATS/1.0 \xff\xff\xff\r\n\r\n",
        b"NATS/1.0\r\n\xff\xfe: \xff\r\n\r\n",
        b"NATS/1.0\r\nno colon\r\n\r\n",
    ):
        wire.write(
            b"HPUB %s%s _INBOX.x %d %d\r\n%s{}\r\n" % (subject, clinic, len(header), len(header) + 2, header)
        )
    wire.write(b"PUB %s\xff\xfe 2\r\n{}\r\n" % subject)
    wire.write(b"PUB %s%s _INBOX.\xff\xfe 2\r\n{}\r\n" % (subject, clinic))
    await wire.drain()
    for _ in range(3):
        try:
            reply = await asker.ask("status", clinics[0].slug, timeout=5)
        except NatsTimeoutError:
            pytest.fail(f"the gateway is silent: {system.log('gateway')[-2000:]}")
        assert reply["ok"], reply

"""Ten thousand malformed requests on NATS: each gets a refusal, nothing crashes, and a good one works after them."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import psutil
import pytest

from ops.sandbox.client import SandboxClinic
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio

REQUESTS, AT_ONCE = 10_000, 50
#: What a process may grow by while it refuses them, in MiB: caches warm up, and nothing else.
GROWTH_MIB = 40

_VALUES: list[Any] = [
    *(
        None,
        True,
        -1,
        0,
        61,
        10**30,
        1.5,
        "",
        "14",
        "2026-02-30",
        "\x00",
        "💉" * 50,
        "a" * 300,
        "../../etc/passwd",
    ),
    *([], [1], {}, {"$ne": 1}, "'; drop table clinics; --", "2026-01-01T00:00:00Z"),
]
_FIELDS = (
    "days_ahead",
    "start_date",
    "end_date",
    "request_id",
    "dry_run",
    "sync_id",
    "after_seq",
    "__class__",
    "",
)
_VERBS = ("sync", "cancel", "status", "events", "approve", "reject")


def malformed(rng: random.Random) -> bytes:
    """Never a request that could be carried out: a field of an unknown name spoils those that might be."""
    body = {rng.choice(_FIELDS): rng.choice(_VALUES) for _ in range(rng.randrange(4))} | {"surprise": 1}
    whole = json.dumps(body).encode()
    match rng.randrange(6):
        case 0:
            return whole[: rng.randrange(1, len(whole))]
        case 1:
            return rng.randbytes(rng.randrange(1, 200))
        case 2:
            return b"[" * rng.randrange(1, 5000)
        case 3:
            return json.dumps(rng.choice([value for value in _VALUES if value != {}])).encode()
        case 4:
            return whole + b" " * rng.randrange(20_000)
    return whole


async def test_ten_thousand_malformed_requests_get_a_refusal_each(
    system: System, clinics: list[SandboxClinic], asker: Asker
) -> None:
    system.gateway()
    rng = random.Random(7)
    memory = psutil.Process(system.processes["gateway"].pid).memory_info
    gate = asyncio.Semaphore(AT_ONCE)

    async def refused() -> None:
        verb, slug = rng.choice(_VERBS), rng.choice([clinics[0].slug, "nowhere", "A_b", "-"])
        async with gate:
            reply = await asker.ask(verb, slug, malformed(rng), timeout=30)
        assert reply["ok"] is False
        assert reply["error"]["code"] in (400, 404, 413), reply
        assert reply["error"]["message"]

    await asyncio.gather(*(refused() for _ in range(REQUESTS // 10)))
    before = memory().rss
    await asyncio.gather(*(refused() for _ in range(REQUESTS - REQUESTS // 10)))
    assert memory().rss - before < GROWTH_MIB * 2**20
    assert "Traceback" not in system.log("gateway")
    assert (await asker.ask("sync", clinics[0].slug, {"days_ahead": 1}))["ok"]

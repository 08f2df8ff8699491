"""Changes of a shared record: none is lost, whatever happens between reading it and writing it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from nats.aio.client import Client

from broker import CircuitBreaker, TokenBucket
from broker.primitives.kv import Bucket, Entry
from broker.transport.clock import ServerClock

pytestmark = pytest.mark.anyio


async def while_the_clock_is_measured(
    monkeypatch: pytest.MonkeyPatch, first: Callable[[], Awaitable[object]], then: Callable[[], Awaitable[object]]
) -> None:
    """Runs `then` while `first` waits for the server's time, and lets `first` finish afterwards."""
    asked, released, measure = asyncio.Event(), asyncio.Event(), ServerClock.now

    async def slow(clock: ServerClock, client: Client) -> float:
        now = await measure(clock, client)
        if asyncio.current_task() is slowed:
            asked.set()
            await released.wait()
        return now

    monkeypatch.setattr(ServerClock, "now", slow)
    slowed = asyncio.ensure_future(first())
    await asked.wait()
    await then()
    released.set()
    await slowed


async def test_a_pause_survives_a_taker_that_was_measuring_the_clock(
    client: Client, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten tokens were valid within the portal's `Retry-After`."""
    tokens = TokenBucket(client, bucket=namespace, key="k", rate=10)
    waits: list[float] = []

    async def take() -> None:
        waits.append(await tokens.reserve(10))

    await while_the_clock_is_measured(monkeypatch, take, lambda: tokens.throttled(3000.0))
    assert waits[0] > 2000
    assert await tokens.paused_for() > 2000
    assert await tokens.allowed_rate() < 10


async def test_tokens_that_were_taken_survive_a_pause_that_was_measuring_the_clock(
    client: Client, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = TokenBucket(client, bucket=namespace, key="k", rate=0.001, burst=5)
    await while_the_clock_is_measured(monkeypatch, lambda: tokens.slow_down(1.0), lambda: tokens.reserve(5))
    assert await tokens.reserve() > 500


async def test_every_failure_counts(client: Client, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    breaker = CircuitBreaker(client, bucket=namespace, key="k", threshold=2)
    await while_the_clock_is_measured(monkeypatch, breaker.failed, breaker.failed)
    assert await breaker.state() == "open"


async def test_a_success_ends_the_failures_that_others_reported_meanwhile(client: Client, namespace: str) -> None:
    one, other = (CircuitBreaker(client, bucket=namespace, key="k", threshold=2) for _ in range(2))
    assert await one.admit() == 0.0
    await other.failed()
    await one.succeeded()
    await other.failed()
    assert await one.state() == "closed"


async def test_an_update_computes_again_what_another_writer_made_old(client: Client, namespace: str) -> None:
    bucket = Bucket(client, namespace)

    def append(letter: bytes) -> Callable[[bytes | None], tuple[bytes, int]]:
        return lambda value: ((value or b"") + letter, len(value or b""))

    lengths = await asyncio.gather(*(bucket.update("k", append(b"x")) for _ in range(10)))
    assert sorted(length for length, _ in lengths) == list(range(10))
    old = Entry(None, 0)
    _, entry = await bucket.update("k", append(b"y"), known=old)
    assert entry == await bucket.read("k")
    assert entry.value == b"x" * 10 + b"y"


async def test_an_update_that_changes_nothing_writes_nothing(client: Client, namespace: str) -> None:
    bucket = Bucket(client, namespace)
    revision = await bucket.write("k", b"value")
    assert await bucket.update("k", lambda value: (None, value)) == (b"value", Entry(b"value", revision or 0))

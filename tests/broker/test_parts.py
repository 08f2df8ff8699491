"""The distributed primitives, each used by several processes or connections."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from broker import CircuitBreaker, CircuitOpen, Lease, LeaseLost, NatsBroker, TokenBucket
from broker.primitives.circuit_breaker import Circuit
from broker.primitives.token_arithmetic import Record, Terms
from tests.broker.proxy import Proxy
from tests.broker.workers import ROOT
from tests.conftest import eventually, join, until

pytestmark = pytest.mark.anyio


def most_in_a_window(times: list[float], window: float) -> int:
    times = sorted(times)
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most


# The token bucket


@given(
    rate=st.floats(0.5, 200),
    burst=st.floats(1, 50),
    steps=st.lists(
        st.tuples(st.floats(0, 2), st.integers(1, 5), st.sampled_from(["take", "pause", "slow"])), max_size=40
    ),
)
def test_no_window_holds_more_tokens_than_the_terms_allow(
    rate: float, burst: float, steps: list[tuple[float, int, str]]
) -> None:
    terms, record, now = Terms(rate, burst, 60, 0.05), Record(), 1000.0
    granted: list[float] = []
    waiting: list[float] = []
    for pause, count, deed in steps:
        now += pause
        # What has become valid was used, as late as may be; a pause makes the rest void.
        granted += [at + terms.latest_use if at < now - terms.latest_use else at for at in waiting if at <= now]
        waiting = [at for at in waiting if at > now]
        if deed == "take":
            record, times = terms.take(record, now, count)
            waiting += times
        elif deed == "pause":
            record, waiting = terms.pause(record, now, pause), []
        else:
            record = terms.slow_down(record, now, 0.5)
    granted += waiting
    for window in (0.01, 0.1, 1.0, 5.0):
        assert most_in_a_window(granted, window) <= rate * window + burst + 1e-6


GRANTS = """
import asyncio, sys, time
import nats
from broker import TokenBucket

async def main():
    url, bucket, rate, burst = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:5])
    client = await nats.connect(url)
    tokens = TokenBucket(client, bucket=bucket, key="shared", rate=rate, burst=burst)
    await tokens.reserve()
    print("ready", flush=True)
    sys.stdin.readline()
    async def work():
        while True:
            await tokens.acquire()
            print(time.time(), flush=True)
    tasks = [asyncio.create_task(work()) for _ in range(2)]
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    await client.close()

asyncio.run(main())
"""


class Taker:
    """A process that takes tokens from `begin` to `end`, as many as it gets; `grants` are the times of all so far."""

    def __init__(self, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", GRANTS, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.grants: list[float] = []
        self._is_ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def begin(self) -> None:
        assert self._is_ready.wait(60), "a taker has not reached the bucket"
        self._say_next()

    def end(self) -> None:
        self._say_next()
        join(self._reader)
        assert self._process.wait(30) == 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _say_next(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process:
            if self._process.stdout.readline() == "ready\n":
                self._is_ready.set()
            for line in self._process.stdout:
                self.grants.append(float(line))


@contextlib.contextmanager
def eight_takers(nats_url: str, bucket: str, rate: float, burst: float) -> Iterator[list[Taker]]:
    takers = [Taker(nats_url, bucket, rate, burst) for _ in range(8)]
    try:
        for taker in takers:
            taker.begin()
        yield takers
        for taker in takers:
            taker.end()
    finally:
        for taker in takers:
            taker.kill()


def test_eight_processes_never_get_more_than_allowed_and_none_starves(nats_url: str, namespace: str) -> None:
    rate, burst = 40.0, 8.0
    with eight_takers(nats_url, namespace, rate, burst) as takers:
        eventually(lambda: sum(len(taker.grants) for taker in takers) >= 120)
        shares = [len(taker.grants) for taker in takers]
    together = [at for taker in takers for at in taker.grants]
    for window in (0.1, 0.5, 1.0, 3.0):
        assert most_in_a_window(together, window) <= rate * window + burst
    assert min(shares) >= 0.3 * sum(shares) / len(shares)


async def test_a_pause_holds_for_every_process(nats_url: str, namespace: str, client: Client) -> None:
    """Slow enough that waiting callers hold tokens for more than a second ahead."""
    tokens = TokenBucket(client, bucket=namespace, key="shared", rate=10, burst=8)

    def have_all_had_one_since(moment: float) -> bool:
        return all(taker.grants and taker.grants[-1] > moment for taker in takers)

    with eight_takers(nats_url, namespace, 10.0, 8.0) as takers:
        await asyncio.to_thread(eventually, lambda: have_all_had_one_since(0.0))
        began = time.time()
        await tokens.pause(2.0)
        paused, over = time.time(), began + 2.0
        await asyncio.to_thread(eventually, lambda: have_all_had_one_since(over))
    grants = [at for taker in takers for at in taker.grants]
    # What was granted just before may be written down so late where the machine is busy.
    assert [at for at in grants if paused + 0.5 < at < over] == []


async def test_a_cancelled_waiter_wastes_at_most_its_token(client: Client, namespace: str) -> None:
    tokens = TokenBucket(client, bucket=namespace, key="k", rate=20, burst=1)
    await tokens.acquire()
    waiting = asyncio.create_task(tokens.acquire())
    await asyncio.sleep(0.01)
    waiting.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*(tokens.acquire() for _ in range(4)))


async def test_a_process_that_stood_still_does_not_make_up_for_it(client: Client, namespace: str) -> None:
    tokens = TokenBucket(client, bucket=namespace, key="k", rate=20, burst=1)
    granted: list[float] = []

    async def work() -> None:
        await tokens.acquire()
        granted.append(time.monotonic())
        if len(granted) == 2:
            time.sleep(0.4)  # noqa: ASYNC251 - as if stopped, with the tokens of eight others in its hands

    await asyncio.gather(*(work() for _ in range(10)))
    assert most_in_a_window(granted, 0.1) <= 4


async def is_full(tokens: TokenBucket) -> bool:
    return await tokens.allowed_rate() == 100


async def test_a_429_lowers_the_rate_for_all_once_and_it_recovers(client: Client, namespace: str) -> None:
    one, other = (
        TokenBucket(client, bucket=namespace, key="k", rate=100, burst=10, recovery=15.0) for _ in range(2)
    )
    await one.throttled(2)
    lowered = await one.allowed_rate()
    await other.throttled(2)
    assert 80 <= lowered <= await other.allowed_rate() < 100
    await until(lambda: is_full(one))


# The lease


async def test_a_lease_has_one_holder_and_is_handed_over(client: Client, namespace: str) -> None:
    holders: list[int] = []
    most = 0

    async def work() -> int:
        nonlocal most
        async with Lease(client, bucket=namespace, key="a/b c", ttl=300) as lease:
            holders.append(lease.fence)
            most = max(most, len(holders))
            await asyncio.sleep(0.02)
            return holders.pop()

    async with asyncio.timeout(30):  # so each was given on, and none had to expire
        fences = await asyncio.gather(*(work() for _ in range(6)))
    assert most == 1
    assert len(set(fences)) == 6


HOLD = """
import asyncio, sys
import nats
from broker import Lease

async def main():
    client = await nats.connect(sys.argv[1])
    async with Lease(client, bucket=sys.argv[2], key="k", ttl=2):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def start_holder(nats_url: str, bucket: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, nats_url, bucket],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


async def test_who_waits_for_a_lease_is_quiet_and_can_be_cancelled(client: Client, namespace: str) -> None:
    """Its own refused writes once woke it: it never slept, and mostly swallowed the cancel."""
    async with Lease(client, bucket=namespace, key="k", ttl=10):
        writes = await client.subscribe(f"$KV.{namespace}.>")
        waiter = asyncio.create_task(Lease(client, bucket=namespace, key="k", ttl=10).acquire())
        await writes.next_msg(timeout=5)
        await asyncio.wait({waiter}, timeout=1)
        assert writes.pending_msgs < 5
        waiter.cancel()
        await asyncio.wait({waiter}, timeout=5)
        assert waiter.cancelled()


async def test_the_lease_of_a_killed_holder_is_taken_over(nats_url: str, client: Client, namespace: str) -> None:
    holder = start_holder(nats_url, namespace)
    assert holder.stdout is not None
    assert await asyncio.to_thread(holder.stdout.readline) == "held\n"
    lease = Lease(client, bucket=namespace, key="k", ttl=2)
    assert not await lease.acquire(timeout=3)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert await lease.acquire(timeout=10)
    await lease.release()


def test_a_holder_that_cannot_renew_is_stopped(nats_url: str, namespace: str) -> None:
    proxy = Proxy(nats_url)
    broker = NatsBroker(proxy.url)

    async def hold() -> None:
        async with Lease(await broker.client(), bucket=namespace, key="k", ttl=1) as lease:
            assert lease.is_valid
            proxy.refuse()
            await asyncio.sleep(30)

    with pytest.raises(LeaseLost):
        broker.run(hold(), timeout=60)
    proxy.admit()
    broker.close()
    proxy.close()


# The circuit breaker


async def is_half_open(breaker: CircuitBreaker) -> bool:
    return await breaker.state() == "half_open"


async def test_a_circuit_opens_for_all_and_one_tries_it(client: Client, namespace: str) -> None:
    breakers = [
        CircuitBreaker(client, bucket=namespace, key="k", threshold=3, cool_down=2, probe=30) for _ in range(3)
    ]
    for breaker in breakers:
        assert await breaker.admit() == 0.0
        await breaker.failed()
    waits = [await breaker.admit() for breaker in breakers]
    assert all(0 < wait <= 2 for wait in waits)
    with pytest.raises(CircuitOpen):
        async with breakers[0]:
            raise AssertionError("nothing gets through")
    await until(lambda: is_half_open(breakers[0]))
    assert [await breaker.admit() == 0.0 for breaker in breakers] == [True, False, False]
    await breakers[0].succeeded()
    assert [await breaker.state() for breaker in breakers] == ["closed"] * 3


async def test_a_call_that_was_cancelled_says_nothing_about_the_other_side(client: Client, namespace: str) -> None:
    breaker = CircuitBreaker(client, bucket=namespace, key="k", threshold=1)
    with pytest.raises(asyncio.CancelledError):
        async with breaker:
            raise asyncio.CancelledError
    assert await breaker.state() == "closed"
    with pytest.raises(OSError, match="away"):
        async with breaker:
            raise OSError("away")
    assert await breaker.state() == "open"


def test_a_probe_that_fails_opens_the_circuit_again() -> None:
    circuit = Circuit()
    for _ in range(2):
        circuit = circuit.failed(100.0, 2, 30.0)
    assert circuit.state(129.9) == "open"
    circuit, wait = circuit.admit(130.0, 5.0)
    assert (circuit.state(130.0), wait) == ("half_open", 0.0)
    assert circuit.admit(131.0, 5.0)[1] == 4.0
    assert circuit.failed(132.0, 2, 30.0).state(161.9) == "open"


def test_files_of_the_package_import_nothing_of_the_project() -> None:
    for file in (Path(__file__).parents[2] / "broker").rglob("*.py"):
        for line in file.read_text().splitlines():
            forbidden = ("from engine", "import engine", "from actors", "import actors", "from ops", "import ops")
            assert not line.strip().startswith(forbidden), f"{file.name}: {line}: broker/ stands on its own"

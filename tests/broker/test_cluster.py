"""Three servers with a copy of everything on each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dramatiq
import pytest
from dramatiq.errors import BrokerConnectionError

from broker import NatsBroker
from broker.primitives.cron_clock import CronClock, Schedule, Tick
from broker.transport import node_watch
from tests.broker.local import declare, local_worker
from tests.broker.proxy import Proxy
from tests.broker.servers import Server
from tests.conftest import eventually, free_port


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[Server]]:
    routes = [free_port() for _ in range(3)]
    urls = ", ".join(f"nats://127.0.0.1:{port}" for port in routes)
    servers = [
        Server(
            tmp_path / f"n{number}",
            f'cluster {{ name: "test", listen: "127.0.0.1:{port}", routes: [{urls}] }}',
            f"n{number}",
        )
        for number, port in enumerate(routes)
    ]
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        server.close()


def test_three_copies_outlive_the_loss_of_a_server(cluster: list[Server], namespace: str) -> None:
    broker = NatsBroker(
        [server.url for server in cluster], namespace=namespace, replicas=3, ack_wait=2, timeout=20
    )
    notes = declare(broker)
    eventually(lambda: _sent(broker, "first"), timeout=60)

    async def copies() -> list[int | None]:
        js = (await broker.client()).jetstream()
        names = broker._names("default")
        return [(await js.stream_info(stream)).config.num_replicas for stream in (names.box, names.later)]

    with local_worker(broker):
        eventually(lambda: notes == ["first"])
        assert broker.run(copies()) == [3, 3]
        broker.enqueue_many(dramatiq.Message("default", "note", (str(n),), {}, {}) for n in range(200))
        cluster[0].kill()
        for number in range(200, 210):
            broker.enqueue(dramatiq.Message("default", "note", (str(number),), {}, {}), delay=10)
        eventually(lambda: {str(n) for n in range(210)} <= set(notes), timeout=60)
    broker.close()


def _sent(broker: NatsBroker, text: str) -> bool:
    """Whether the cluster has found its leaders."""
    try:
        broker.enqueue(dramatiq.Message("default", "note", (text,), {}, {}))
    except (BrokerConnectionError, dramatiq.errors.BrokerError):
        return False
    return True


@pytest.fixture
def parted(tmp_path: Path) -> Iterator[tuple[list[Server], list[Proxy]]]:
    """Three servers whose routes to and from the last one lead through proxies."""
    ports = [free_port() for _ in range(3)]
    proxies = [Proxy(f"nats://127.0.0.1:{port}") for port in ports]
    direct, proxied = [f"nats://127.0.0.1:{port}" for port in ports], [proxy.url for proxy in proxies]
    routes = [[direct[1]], [direct[0]], proxied[:2]]
    servers = [
        Server(
            tmp_path / f"n{number}",
            f'cluster {{ name: "test", listen: "127.0.0.1:{ports[number]}", '
            f'advertise: "{proxied[number].removeprefix("nats://")}", routes: [{", ".join(routes[number])}] }}',
            f"n{number}",
        )
        for number in range(3)
    ]
    for server in servers:
        server.start()
    yield servers, proxies
    for server in servers:
        server.close()
    for proxy in proxies:
        proxy.close()


def test_a_node_that_has_lost_its_peers_is_left(
    parted: tuple[list[Server], list[Proxy]], namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_watch, "INTERVAL", 0.5)
    monkeypatch.setattr(node_watch, "TIMEOUT", 2.0)
    (*others, last), proxies = parted
    broker = NatsBroker(
        [last.url, *(server.url for server in others)],
        namespace=namespace,
        replicas=3,
        timeout=10,
        connect_options={"dont_randomize": True},
    )
    notes = declare(broker)
    with local_worker(broker):
        eventually(lambda: _sent(broker, "before"), timeout=60)
        eventually(lambda: notes == ["before"])
        for proxy in proxies:
            proxy.refuse()
        # The node is never mended, and yet the work goes on.
        eventually(lambda: _sent(broker, "after"), timeout=60)
        eventually(lambda: notes == ["before", "after"], timeout=60)
    broker.close()


def test_a_clock_with_three_copies_ticks_on_without_any_of_them(cluster: list[Server], namespace: str) -> None:
    broker = NatsBroker([server.url for server in cluster], namespace=namespace, timeout=20)
    clock = CronClock(broker.client, "CLOCK", namespace, replicas=3)
    every_second = Schedule("elm", "* * * * * *", "UTC")

    async def leader() -> str:
        info = await (await broker.client()).jetstream().stream_info("CLOCK")
        return str(info.cluster and info.cluster.leader)

    async def take() -> Tick | None:
        tick = await (await clock.ticks()).take()
        if tick is not None:
            await tick.ack()
        return tick

    def ticked() -> Tick | None:
        try:
            return broker.run(take())
        except BrokerConnectionError:
            return None

    eventually(lambda: _declared(broker, clock), timeout=60)
    broker.run(clock.put(every_second))
    assert eventually(ticked)
    cluster[int(broker.run(leader()).removeprefix("n"))].kill()
    lost_at = datetime.now(UTC)
    assert eventually(lambda: (tick := ticked()) is not None and tick.at > lost_at, timeout=60)
    broker.close()


def _declared(broker: NatsBroker, clock: CronClock) -> bool:
    try:
        broker.run(clock.declare())
    except BrokerConnectionError:
        return False
    return True

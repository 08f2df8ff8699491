"""Three servers with a copy of everything on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest
from dramatiq.errors import BrokerConnectionError

from broker import NatsBroker
from tests.broker.local import declare, local_worker
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

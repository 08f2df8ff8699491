"""Delays on a server that has no scheduled messages: what newer ones do themselves, workers do for it.

The suite has one server, which is taken for an older one. `ops/dev/old_server_tests` runs this against real ones.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from broker import DeclarationRefused, NatsBroker, streams
from broker.primitives.kv import Bucket
from tests.broker.local import declare, local_worker
from tests.broker.servers import Server
from tests.conftest import eventually

OLD_SERVER = os.environ.get("OLD_NATS_SERVER")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    if OLD_SERVER is None:
        monkeypatch.setattr(streams, "FIRST_WITH_SCHEDULES", (99, 0))
    server = Server(tmp_path / "nats", binary=OLD_SERVER)
    server.start()
    yield server
    server.close()


def send(broker: NatsBroker, text: str, delay: int | None = None) -> None:
    broker.enqueue(dramatiq.Message("default", "note", (text,), {}, {}), delay=delay)


def test_a_delayed_message_waits_and_then_comes(server: Server) -> None:
    broker = NatsBroker(server.url)
    times: dict[str, float] = {}
    declare(broker, lambda text: times.setdefault(text, time.time()))
    with local_worker(broker):
        send(broker, "far", delay=3_600_000)
        began = time.time()
        send(broker, "soon", delay=1200)
        send(broker, "now")
        eventually(lambda: "soon" in times)
    assert times["soon"] - began >= 1.2
    assert "far" not in times
    box = broker.mailbox("default")
    assert (box.delayed, box.due, box.in_flight) == (1, 0, 0)
    broker.close()


def test_each_priority_has_its_delays(server: Server) -> None:
    broker = NatsBroker(server.url, max_priority=1)
    notes = declare(broker)
    for text, priority in (("low", 0), ("high", 1)):
        message = dramatiq.Message[None]("default", "note", (text,), {}, {"broker_priority": priority})
        broker.enqueue(message, delay=300)
    with local_worker(broker):
        broker.join("default", timeout=10_000)
    assert sorted(notes) == ["high", "low"]
    broker.close()


def test_retries_come_again_and_end_as_a_dead_letter(server: Server) -> None:
    broker = NatsBroker(server.url)

    def fail(_: str) -> None:
        raise ValueError("not today")

    declare(broker, fail, max_retries=2, min_backoff=50, max_backoff=50)
    send(broker, "x")
    with local_worker(broker):
        broker.join("default", timeout=10_000)
    (letter,) = broker.get_dead_letters("default")
    assert letter.attempts == 3
    broker.close()


def test_delayed_messages_outlive_a_kill_of_the_server(server: Server) -> None:
    broker = NatsBroker(server.url, ack_wait=1)
    times: list[float] = []
    declare(broker, lambda _: times.append(time.time()))
    with local_worker(broker):
        began = time.time()
        broker.enqueue_many(
            [dramatiq.Message[None]("default", "note", (str(n),), {}, {}) for n in range(50)], delay=3000
        )
        eventually(lambda: broker.mailbox("default").delayed == 50)
        server.kill()
        server.start()
        broker.join("default", timeout=30_000)
    assert len(times) == 50
    assert min(times) - began >= 3
    broker.close()


def test_what_waits_when_the_server_is_updated_still_comes(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = NatsBroker(server.url)
    declare(before)
    with local_worker(before):
        send(before, "one", delay=4000)
        eventually(lambda: before.mailbox("default").delayed == 1)
    before.close()
    server.kill()
    if OLD_SERVER is None:
        monkeypatch.undo()
    else:
        server.binary = "nats-server"
    server.start()
    after = NatsBroker(server.url)
    notes = declare(after)
    with local_worker(after):
        send(after, "two", delay=100)
        after.join("default", timeout=20_000)
    assert sorted(notes) == ["one", "two"]
    after.close()


def test_a_server_that_is_too_old_is_refused(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "OLDEST_SERVER", (99, 0))
    monkeypatch.setattr("broker.primitives.kv.OLDEST_SERVER", (99, 1))
    broker = NatsBroker(nats_url)
    with pytest.raises(DeclarationRefused, match=r"needs nats-server 99\.0 or newer"):
        send(broker, "x")

    async def read() -> None:
        await Bucket(await broker.client(), "x").read("y")

    with pytest.raises(DeclarationRefused, match=r"'x' needs nats-server 99\.1 or newer"):
        broker.run(read())
    broker.close()

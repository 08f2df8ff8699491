"""Processes of this version and of the one before share mailboxes and buckets, and an update loses no message.

`recorded.json` has what the processes of commit 7747cae, before the renames, exchange over NATS: the streams and
consumers that they declare, the messages of the actors, a retry, a dead letter, and the records that they share.
This version's processes have to send the same, so that the old ones understand it, and to use what the old ones left.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import dramatiq
import nats
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, StreamConfig

from actors.messages import Subjects
from actors.queues import QUEUES, RECONCILER
from actors.runtime.broker import build_broker
from actors.runtime.portal_limits import portal_bucket
from actors.settings import Settings
from broker import Lease, NatsBroker
from tests.broker.local import local_worker
from tests.conftest import eventually
from tests.rolling.record import DAYS, DELIVERY, FIRST, SYNC, Recording, record, replaced

pytestmark = pytest.mark.anyio

RECORDED: Recording = json.loads(Path(__file__).with_name("recorded.json").read_text())

#: What differs from one run to the next. The id of a span's message follows from the span, so it is not among them.
RANDOM = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>"),
    (r"(?<=<id>-)[0-9a-f]{18}", "<digest>"),
    (r"(?<=\.at\.)[0-9a-f]{24}", "<key>"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"),
    (r"\b\d{10}\.\d+|\b\d{13}\b|\b\d{19}\b", "<time>"),
)


def comparable(value: Any) -> Any:
    text = json.dumps(value)
    for pattern, stands_for in RANDOM:
        text = re.sub(pattern, stands_for, text)
    return json.loads(text)


def in_namespace(value: Any, prefix: str) -> Any:
    return replaced(value, {"recorded": prefix, "RECORDED": prefix.upper()})


@pytest.fixture(scope="module")
def now(nats_url: str) -> Recording:
    """What the processes of this version exchange."""
    prefix = f"t{uuid4().hex[:12]}"
    found: Recording = replaced(asyncio.run(record(nats_url, prefix)), {prefix: "recorded"})
    return found


@pytest.mark.parametrize("part", ["subjects", "queued", "failed", "buckets"])
def test_processes_send_what_those_of_the_version_before_send(now: Recording, part: str) -> None:
    assert comparable(now[part]) == comparable(RECORDED[part])


def test_streams_and_consumers_are_declared_as_the_version_before_declares_them(now: Recording) -> None:
    """Otherwise each process that starts would change them back."""
    assert now["streams"].keys() == RECORDED["streams"].keys()
    for name, stream in RECORDED["streams"].items():
        assert settings_of(now["streams"][name]) == settings_of(stream), name


def settings_of(stream: Any) -> Any:
    """Without what the server adds."""
    consumers = {name: {**one, "metadata": None} for name, one in stream["consumers"].items()}
    return {**stream["config"], "metadata": None}, consumers


@pytest.fixture
async def left_behind(nats_url: str, namespace: str) -> AsyncIterator[Client]:
    """The streams, consumers and messages that processes of the version before have left; delayed ones are due."""
    client = await nats.connect(nats_url)
    js, recorded = client.jetstream(), in_namespace(due_now(RECORDED), namespace)
    for name, stream in recorded["streams"].items():
        if "-room" not in name:
            await js.add_stream(StreamConfig.from_response({**stream["config"], "metadata": None}))
            for consumer in stream["consumers"].values():
                await js.add_consumer(name, ConsumerConfig.from_response({**consumer, "metadata": None}))
    for message in recorded["queued"] + recorded["failed"]:
        await js.publish(message["subject"], message["payload"].encode(), headers=message["headers"])
    for records in recorded["buckets"].values():
        for subject, value in records.items():
            await js.publish(subject, value.encode())
    yield client
    await client.close()


def due_now(recording: Recording) -> Recording:
    """Moves the times of delayed messages to this moment, and those of shared records as far."""
    epoch = time.time()
    lowered_at = float(re.findall(r'lowered_at\\*": (\d+\.\d+)', json.dumps(recording))[0])
    text = re.sub(r"(?<=@at )[^\"]+", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), json.dumps(recording))
    text = re.sub(r'(?<=eta\\": )\d+|(?<=eta\\":)\d+', str(int(epoch * 1000)), text)
    text = re.sub(r"\b\d{10}\.\d+", lambda match: str(float(match[0]) - lowered_at + epoch), text)
    shifted: Recording = json.loads(text)
    return shifted


@pytest.fixture
def broker(nats_url: str, namespace: str) -> Iterator[NatsBroker]:
    broker = build_broker(Settings(nats_url=nats_url, subject_prefix=namespace))
    yield broker
    broker.close()


async def test_messages_of_the_version_before_are_run(left_behind: Client, broker: NatsBroker) -> None:
    ran: list[tuple[str, ...]] = []

    def note(actor: str) -> None:
        def run(*args: Any) -> None:
            ran.append((actor, *args))

        queue = {"coordinate": 0, "scrape_date": 1, "reconcile_date": 2, "notify": 3}[actor]
        dramatiq.actor(run, broker=broker, queue_name=QUEUES[queue], actor_name=actor)

    for actor in ("coordinate", "scrape_date", "reconcile_date", "notify"):
        note(actor)
    sync, delivery, day = str(SYNC), str(DELIVERY), FIRST.isoformat()
    # The second coordinate came with a delay, the third is the retry of one that failed.
    sent: list[tuple[Any, ...]] = [("coordinate", sync)] * 3
    sent += [("scrape_date", sync, day, DAYS)] * 2 + [("reconcile_date", sync, day)] + [("notify", delivery)] * 2

    def work() -> None:
        with local_worker(broker):
            eventually(lambda: len(ran) == len(sent), what=lambda: str(ran))
            [dead] = broker.get_dead_letters(RECONCILER)
            assert (dead.error, dead.attempts) == ("ValueError: a failure of ours", 1)
            assert broker.replay_dead_letter(RECONCILER, dead.sequence)
            eventually(lambda: len(ran) == len(sent) + 1, what=lambda: str(ran))

    await asyncio.to_thread(work)
    assert sorted(ran, key=str) == sorted([*sent, ("reconcile_date", sync, day)], key=str)


async def test_records_of_the_version_before_are_respected(
    left_behind: Client, nats_url: str, namespace: str
) -> None:
    settings = Settings(nats_url=nats_url, subject_prefix=namespace)
    tokens = portal_bucket(settings, left_behind)
    assert await tokens.paused_for() > 3000
    assert await tokens.allowed_rate() < settings.idexx_rate_limit
    leases = Subjects(namespace).leases_bucket
    assert not await Lease(left_behind, bucket=leases, key="elm-street", ttl=10).acquire(0)

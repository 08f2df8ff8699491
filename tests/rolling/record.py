"""Records what processes exchange over NATS: `python -m tests.rolling.record NATS_URL > tests/rolling/recorded.json`.

Run it when a version is released; `test_rolling_update.py` then compares the next version with it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import dramatiq
import nats
from dramatiq import Worker
from nats.aio.client import Client
from nats.aio.msg import Msg

from actors.dispatcher import Dispatcher
from actors.messages import Subjects
from actors.queues import COORDINATOR, QUEUES, RECONCILER
from actors.runtime.broker import build_broker
from actors.runtime.portal_limits import portal_bucket
from actors.settings import Settings
from broker import Lease, NatsBroker
from engine.dispatch import Span
from tests.conftest import eventually

SYNC, DELIVERY = UUID(int=1), UUID(int=2)
FIRST, DAYS, NUMBER = date(2026, 3, 2), 3, 2
#: Seconds until a delayed message is due: longer than any test.
LATER = 3600.0

#: A traceback has paths of the machine.
TRACEBACK = re.compile(r'"traceback":"(?:[^"\\]|\\.)*"')

#: What the processes of both versions send, by a name of our own.
Recording = dict[str, Any]


async def send_all(dispatcher: Dispatcher) -> None:
    """Sends each kind of message between the actors."""
    await dispatcher.coordinate(SYNC)
    await dispatcher.coordinate(SYNC, after=LATER)
    await dispatcher.scrape_dates(SYNC, Span(FIRST, DAYS, NUMBER))
    await dispatcher.scrape_dates_later(SYNC, FIRST, DAYS, LATER)
    await dispatcher.reconcile_date(SYNC, FIRST)
    await dispatcher.notify(DELIVERY)
    await dispatcher.notify(DELIVERY, after=LATER)


def fail_messages(broker: NatsBroker) -> None:
    """Runs actors that fail: one message is retried later, and one becomes a dead letter."""

    @dramatiq.actor(
        broker=broker, queue_name=COORDINATOR, actor_name="coordinate", min_backoff=60_000, max_backoff=60_000
    )
    def retried(_: str) -> None:
        raise ValueError("a failure of ours")

    @dramatiq.actor(broker=broker, queue_name=RECONCILER, actor_name="reconcile_date", max_retries=0)
    def dead(_: str, __: str) -> None:
        raise ValueError("a failure of ours")

    broker.emit_after("process_boot")
    worker = Worker(broker, queues={COORDINATOR, RECONCILER}, worker_timeout=100, worker_threads=1)
    worker.start()
    try:
        eventually(lambda: broker.mailbox(COORDINATOR).messages == 0 and broker.mailbox(RECONCILER).dead == 1)
    finally:
        worker.stop()


async def streams_of(client: Client, prefix: str) -> dict[str, Any]:
    """Returns the configuration of each stream of a namespace, with its durable consumers."""
    js, found = client.jetstream(), {}
    for info in await js.streams_info():
        name = info.config.name or ""
        if prefix in name or prefix.upper() in name:
            consumers = [one.config.as_dict() for one in await js.consumers_info(name)]
            found[name] = {
                "config": info.config.as_dict(),
                "consumers": {one["durable_name"]: one for one in consumers if one.get("durable_name")},
            }
    return found


async def messages_of(client: Client, stream: str) -> list[dict[str, Any]]:
    """Returns the messages that a stream holds, oldest first."""
    js, found = client.jetstream(), []
    state = (await js.stream_info(stream)).state
    for sequence in range(max(state.first_seq, 1), state.last_seq + 1):
        try:
            raw = await js.get_msg(stream, seq=sequence)
        except nats.js.errors.NotFoundError:
            continue
        payload = TRACEBACK.sub(r'"traceback":"…"', (raw.data or b"").decode())
        found.append({"subject": raw.subject, "headers": raw.headers or {}, "payload": payload})
    return found


async def shared_records(client: Client, settings: Settings, subjects: Subjects) -> None:
    """Writes the records that processes share: a rate that was lowered, and a lease."""
    tokens = portal_bucket(settings, client)
    await tokens.reserve(2)
    await tokens.throttled(LATER)
    lease = Lease(client, bucket=subjects.leases_bucket, key="elm-street", ttl=LATER, holder="a worker")
    assert await lease.acquire(1)


def wait_for_room(url: str, prefix: str, waits: threading.Event) -> None:
    """Has a sender wait for room in a full mailbox; when `waits` is set, a worker makes some."""
    broker = NatsBroker(url, namespace=prefix, mailbox_size=1, mailbox_wait=30)
    ran = threading.Semaphore(0)

    @dramatiq.actor(broker=broker)
    def run() -> None:
        assert waits.wait(30)
        ran.release()

    run.send()
    worker = Worker(broker, worker_timeout=100, worker_threads=1)
    worker.start()
    sender = threading.Thread(target=run.send, daemon=True)
    sender.start()
    try:
        assert ran.acquire(timeout=30)
        assert ran.acquire(timeout=30)
    finally:
        worker.stop()
        broker.close()


async def record(url: str, prefix: str) -> Recording:
    """Has this version's processes send everything that they exchange, and returns it."""
    client = await nats.connect(url)
    try:
        return await _record(client, url, prefix)
    finally:
        await client.close()


async def _record(client: Client, url: str, prefix: str) -> Recording:
    subjects, signals, waits = Subjects(prefix), list[str](), threading.Event()

    async def on_signal(message: Msg) -> None:
        if message.subject.endswith((".room", ".waiting")):
            # By the second time, the worker has heard the first.
            if message.subject in signals:
                waits.set()
            signals.append(message.subject)

    await client.subscribe(f"{prefix}-room.>", cb=on_signal)
    settings = Settings(nats_url=url, subject_prefix=prefix)
    broker = build_broker(settings)
    try:
        await asyncio.to_thread(broker.run, send_all(Dispatcher(broker, lambda _: None)))
        queued = await _messages(client, prefix)
        await asyncio.to_thread(fail_messages, broker)
        await asyncio.to_thread(wait_for_room, url, f"{prefix}-room", waits)
        await shared_records(client, settings, subjects)
        failed = await _messages(client, prefix)
        buckets = {
            name: {one["subject"]: one["payload"] for one in await messages_of(client, f"KV_{name}")}
            for name in (subjects.limits_bucket, subjects.leases_bucket)
        }
        return {
            "prefix": prefix,
            "subjects": {"stop": subjects.stop(SYNC), "events": subjects.events, "signals": sorted(set(signals))},
            "streams": await streams_of(client, prefix),
            "queued": queued,
            "failed": [one for one in failed if one not in queued],
            "buckets": buckets,
        }
    finally:
        await asyncio.to_thread(broker.close)


async def _messages(client: Client, prefix: str) -> list[dict[str, Any]]:
    names = [f"{prefix}_{queue}_{kind}" for queue in QUEUES for kind in ("box", "later", "dead")]
    there = await streams_of(client, prefix)
    return [message for name in names if name in there for message in await messages_of(client, name)]


def replaced(value: Any, words: Mapping[str, str]) -> Any:
    """Returns a recorded value with some of its text replaced, also in the names."""
    text = json.dumps(value)
    for old, new in words.items():
        text = text.replace(old, new)
    return json.loads(text)


if __name__ == "__main__":
    recording = asyncio.run(record(sys.argv[1], f"recorded{uuid4().hex[:8]}"))
    plain = {recording["prefix"]: "recorded", recording["prefix"].upper(): "RECORDED"}
    print(json.dumps(replaced(recording, plain), indent=1, sort_keys=True))

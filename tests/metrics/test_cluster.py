"""Which gateway reports the cluster's metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import nats
import pytest

from actors.http.cluster_metrics import LEASE, ClusterFigures
from actors.installation.watch import InstallationWatch
from actors.runtime.broker import build_broker
from actors.runtime.periodic import periodically
from actors.runtime.process import Runtime
from actors.settings import Settings
from broker.primitives.kv import Bucket
from tests.conftest import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def process(nats_url: str, namespace: str) -> Iterator[Runtime]:
    """Not opened: it needs no database here."""
    settings = Settings(
        nats_url=nats_url, database_url="postgresql://unknown@127.0.0.1/none", subject_prefix=namespace
    )
    broker = build_broker(settings)
    process = Runtime(settings, broker)
    yield process
    broker.run(process.close(), timeout=60)
    broker.close()


async def test_the_lease_is_taken_again_after_the_server_refused_it(nats_url: str, process: Runtime) -> None:
    """In an earlier version, a refusal that was not an outage ended the task, and no gateway reported the metrics."""
    client = await nats.connect(nats_url)
    bucket, js = Bucket(client, process.subjects.leases_bucket), client.jetstream()
    await bucket.declare()
    config = (await js.stream_info(bucket.stream)).config
    await js.update_stream(replace(config, max_msg_size=1))

    async def holder() -> bytes | None:
        return (await bucket.read(LEASE)).value

    watch = InstallationWatch(process.settings, process.broker, process.database)
    figures = ClusterFigures(process.settings, process.broker, process.database, watch, process.name)

    async def begin() -> None:
        process.own(periodically(figures.hold_lease, 0.05))

    refused = await client.subscribe(f"$KV.{process.subjects.leases_bucket}.>")
    await asyncio.to_thread(process.broker.run, begin())
    await refused.next_msg(timeout=30)
    await js.update_stream(config)
    assert await until(holder) == process.name.encode()
    await client.close()


async def test_a_duty_that_ends_with_an_exception_says_so(
    process: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails() -> None:
        raise ValueError("a mistake")

    async def begin() -> None:
        process.own(fails())

    async def is_logged() -> bool:
        return "task_failed" in capsys.readouterr().out

    await asyncio.to_thread(process.broker.run, begin())
    await until(is_logged)

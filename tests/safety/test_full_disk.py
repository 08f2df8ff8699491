"""NATS that has no room: senders, gateways and the doctor say so, and it ends when there is room again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import dramatiq
import nats
import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client

from actors.health.nats_storage import require_storage
from actors.settings import Settings
from broker import NatsBroker, StorageFull
from broker.primitives.event_log import EventLog
from broker.primitives.kv import Bucket
from engine.errors import Unavailable
from ops.doctor import Finding, Grade, machine
from ops.doctor.nats import nats as examine_nats
from tests.broker.servers import Server

pytestmark = pytest.mark.anyio

MEGABYTES = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a few megabytes for everything."""
    folder = tmp_path_factory.mktemp("full") / "nats"
    server = Server(folder, jetstream=f"max_file_store: {MEGABYTES}MB")
    server.start()
    yield server
    server.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    client = await nats.connect(server.url)
    yield client
    await client.close()


@pytest.fixture
async def broker(server: Server, namespace: str, client: Client) -> AsyncIterator[NatsBroker]:
    """Whose streams exist; afterwards all of them are gone."""
    broker = NatsBroker(server.url, namespace=namespace, timeout=1)
    await asyncio.to_thread(send, broker)
    await asyncio.to_thread(broker.run, require_storage(broker))
    yield broker
    broker.close()
    for stream in await client.jetstream().streams_info():
        await client.jetstream().delete_stream(stream.config.name)


def send(broker: NatsBroker) -> None:
    broker.enqueue(dramatiq.Message("default", "note", (), {}, {}))


async def fill(client: Client) -> None:
    js = client.jetstream()
    await js.add_stream(name="filler", subjects=["filler"])
    full = None
    while full is None:
        try:
            await js.publish("filler", b"x" * 500_000)
        except nats.js.errors.APIError as error:
            full = error
    assert "insufficient" in str(full)


async def test_senders_get_it_by_name_and_can_send_when_there_is_room_again(
    broker: NatsBroker, client: Client, namespace: str
) -> None:
    bucket = Bucket(client, f"{namespace}-b")
    log = EventLog(broker.client, f"{namespace}-events", [f"{namespace}.evt.>"])
    await bucket.declare()
    await asyncio.to_thread(broker.run, log.declare())
    await fill(client)
    with pytest.raises(StorageFull, match="no room to store messages"):
        await asyncio.to_thread(send, broker)
    with pytest.raises(StorageFull):
        await bucket.write("k", b"x")
    with pytest.raises(StorageFull):
        await asyncio.to_thread(broker.run, log.publish(f"{namespace}.evt.a", b"x", "1"))
    with pytest.raises(Unavailable, match="no room to store messages"):
        await asyncio.to_thread(broker.run, require_storage(broker))
    await client.jetstream().delete_stream("filler")
    await asyncio.to_thread(send, broker)
    await asyncio.to_thread(broker.run, require_storage(broker))


async def test_the_doctor_finds_it(broker: NatsBroker, client: Client, server: Server, namespace: str) -> None:
    settings = Settings(nats_url=server.url, subject_prefix=namespace)

    async def storage() -> Finding:
        return next(one for one in await examine_nats(settings) if one.name == "nats storage")

    assert (await storage()).grade is Grade.PASS
    await fill(client)
    found = await storage()
    assert found.grade is Grade.FAIL
    assert "insufficient" in found.message
    assert found.remedy is not None
    assert "free space" in found.remedy


async def test_the_doctor_looks_at_the_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(idexx_sync_home=tmp_path / "not made yet")
    found = await machine.disk(settings)
    assert {one.name for one in found} == {"disk", "temporary files"}
    assert str(tmp_path) in found[0].message
    monkeypatch.setattr(machine, "TOO_LITTLE", 10**18)
    assert {one.grade for one in await machine.disk(settings)} == {Grade.FAIL}

"""A cancellation is never lost, whatever happens at the same moment, and affects no other task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import nats.errors
import pytest
from dramatiq.errors import ConnectionFailed

from broker import Lease, NatsBroker, TokenBucket
from broker.primitives.cron_clock import TickSource
from broker.publisher import OutgoingMessage
from broker.transport.client import OrderedClient, cancellable
from tests.conftest import free_port

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[OrderedClient]:
    client = OrderedClient()
    await client.connect(nats_url)
    yield client
    await client.close()


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_together_with_a_no_responders_reply_is_not_lost(
    client: OrderedClient, namespace: str, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    came = asyncio.Event()
    process = client._process_msg

    async def note(*message: Any) -> None:
        await process(*message)
        came.set()

    monkeypatch.setattr(client, "_process_msg", note)
    asking = asyncio.create_task(client.request(namespace, timeout=60))
    await came.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    if asking.done():
        assert isinstance(asking.exception(), nats.errors.NoRespondersError)
        return
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_cancellation_is_not_lost_to_an_error(client: OrderedClient) -> None:
    async def swallow() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise TimeoutError from None

    for wait in (lambda: cancellable(swallow()), TickSource(None, Swallowing(), "").take):  # type: ignore[arg-type]
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class Swallowing:
    """A subscription that has its answer, that there was none, in the moment of the cancellation."""

    async def fetch(self, _batch: int, timeout: float) -> list[Any]:
        try:
            return await asyncio.Event().wait()  # type: ignore[return-value]
        except asyncio.CancelledError:
            raise nats.errors.TimeoutError from None


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_that_comes_with_the_connection_is_not_lost(nats_url: str, turns: int) -> None:
    client, came = OrderedClient(), asyncio.Event()
    connect_command = client._connect_command

    def listen() -> bytes:
        """From here on the server says one thing more, and then the connection is there."""
        reader: asyncio.StreamReader = client._transport._io_reader  # type: ignore[union-attr, attr-defined]
        feed = reader.feed_data

        def note(data: Any) -> None:
            feed(data)
            came.set()

        reader.feed_data = note  # type: ignore[method-assign]
        return connect_command()

    client._connect_command = listen  # type: ignore[method-assign]
    connecting = asyncio.create_task(client.connect(nats_url))
    await came.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    if connecting.done():
        await client.close()
        return
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert client.is_closed


async def test_a_cancellation_while_a_lease_is_being_lost_stays_one(
    client: OrderedClient, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, held, renews = Lease(client, bucket=namespace, key="k", ttl=1), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        async with lease:
            held.set()
            await asyncio.Event().wait()

    async def hang(*_: Any, **__: Any) -> None:
        renews.set()
        await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await held.wait()
    monkeypatch.setattr(lease._bucket, "write", hang)
    await renews.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


def test_a_sender_that_is_interrupted_without_a_reply_blocks_no_other() -> None:
    broker = NatsBroker(f"nats://127.0.0.1:{free_port()}", timeout=0.5)
    publisher = broker._open().publisher
    interrupted, other = (publisher.submit(OutgoingMessage("STREAM", "subject", b"")) for _ in range(2))
    interrupted.cancel()
    with pytest.raises(ConnectionFailed):
        other.result(timeout=20)
    broker.close()


async def test_a_waiter_that_gives_up_while_the_clock_is_asked_leaves_its_token_to_the_next(
    client: OrderedClient, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = TokenBucket(client, bucket=namespace, key="k", rate=100)
    await bucket.acquire()
    first, second = asyncio.create_task(bucket.acquire()), asyncio.create_task(bucket.acquire())
    take, drop_cancelled, now = bucket._take, bucket._drop_cancelled, bucket._record.now
    steps: list[str] = []

    async def noting_take(count: int) -> Any:
        taken = await take(count)
        steps.append("taken")
        return taken

    def noting_drop_cancelled() -> bool:
        steps.append("looked for waiters")
        return drop_cancelled()

    async def asking_now() -> float:
        if "taken" in steps and steps[-1] == "looked for waiters" and not first.done():
            first.cancel()
            await asyncio.sleep(0.01)
        steps.append("asked for the time")
        return await now()

    monkeypatch.setattr(bucket, "_take", noting_take)
    monkeypatch.setattr(bucket, "_drop_cancelled", noting_drop_cancelled)
    monkeypatch.setattr(bucket._record, "now", asking_now)
    await second
    assert first.cancelled()

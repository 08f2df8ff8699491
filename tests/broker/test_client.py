"""What the broker relies on in its client, and nats-py alone does not give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import nats.errors
import pytest

from broker.transport.client import OrderedClient, cancellable, read_headers, write_headers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def clients(nats_url: str) -> AsyncIterator[tuple[OrderedClient, OrderedClient]]:
    one, other = OrderedClient(), OrderedClient()
    await one.connect(nats_url)
    await other.connect(nats_url)
    yield one, other
    await one.close()
    await other.close()


async def test_a_flush_ends_when_the_server_has_everything(
    clients: tuple[OrderedClient, OrderedClient], namespace: str
) -> None:
    one, other = clients
    came: list[bytes] = []
    await other.listen(namespace, lambda *message: came.append(message[2]))
    await other.flush()
    for number in range(200):
        if number % 2:
            await one.publish(namespace, b"%d" % number)
        else:
            one.post(namespace, b"%d" % number)
        await one.flush()
        await other.flush()
        assert came[-1:] == [b"%d" % number]


async def test_a_pong_that_comes_too_late_leaves_the_client_hearing(
    clients: tuple[OrderedClient, OrderedClient], namespace: str
) -> None:
    one, other = clients
    came: list[bytes] = []
    await one.listen(namespace, lambda *message: came.append(message[2]))
    with pytest.raises(nats.errors.TimeoutError):
        await one.flush(1e-9)
    await one.flush()
    await other.publish(namespace, b"after it")
    await other.flush()
    await one.flush()
    assert came == [b"after it"]


@pytest.mark.parametrize("turns", range(5))
async def test_a_cancellation_that_comes_with_the_answer_is_not_lost(
    clients: tuple[OrderedClient, OrderedClient], namespace: str, turns: int
) -> None:
    """In whichever turn of the loop after it: in one of them Python 3.11 would lose it."""
    one, other = clients
    came = asyncio.Event()
    subscription = await one.subscribe(namespace)
    await one.listen(namespace, lambda *_: came.set())  # called when the subscription has it, too
    await one.flush()
    waiting = asyncio.create_task(cancellable(subscription.next_msg(timeout=60)))
    await other.publish(namespace, b"the answer")
    await other.flush()
    await came.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    if waiting.done():
        assert waiting.result().data == b"the answer"
        return
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_subscription_hears_what_is_posted_behind_it(
    clients: tuple[OrderedClient, OrderedClient], namespace: str
) -> None:
    one, _ = clients
    came: list[str] = []
    for number in range(50):
        await one.listen(f"{namespace}.{number}", lambda *message: came.append(message[0].decode()))
        one.post(f"{namespace}.{number}", b"")
        await one.flush()
    assert came == [f"{namespace}.{number}" for number in range(50)]


async def test_an_error_of_a_listener_does_not_end_the_listening(
    clients: tuple[OrderedClient, OrderedClient], namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    one, _ = clients
    came: list[bytes] = []
    await one.listen(namespace, lambda *message: came.append(message[3] + b""))  # type: ignore[operator]
    one.post(namespace, b"no headers: the listener fails")
    one.post(namespace, b"", headers=write_headers({"A": "b"}))
    await one.flush()
    assert [read_headers(headers) for headers in came] == [{"A": "b"}]
    assert "could not be processed" in caplog.text


def test_a_status_is_read_from_the_headers() -> None:
    block = b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 3\r\n\r\n"
    assert read_headers(block) == {"Status": "408", "Description": "Request Timeout", "Nats-Pending-Messages": "3"}
    assert read_headers(b"NATS/1.0 100\r\n\r\n") == {"Status": "100", "Description": ""}
    assert read_headers(None) == {}

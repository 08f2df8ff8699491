"""Messages above the server's `max_payload`: refused before they are sent, and reported to the waiter."""

from __future__ import annotations

from typing import Any

import dramatiq
import nats.errors
import pytest
from dramatiq.results import ResultFailure, Results
from nats.aio.client import Client

from broker import MessageTooLarge, NatsBroker, NatsResultBackend
from broker.primitives.kv import Bucket
from broker.transport.client import OrderedClient
from tests.broker.local import local_worker

pytestmark = pytest.mark.anyio

#: The server counts headers as well; a value that just fits without them does not fit.
JUST = 40


def returned(broker: NatsBroker, result: Any) -> Any:
    """What the waiter for an actor's result gets."""
    backend = NatsResultBackend(broker)
    broker.add_middleware(Results(backend=backend))

    @dramatiq.actor(broker=broker, store_results=True, max_retries=0)
    def export() -> Any:
        return result

    message = export.send()
    with local_worker(broker):
        return message.get_result(backend=backend, block=True, timeout=30_000)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ("x" * 1_100_000, "MessageTooLarge"),
        ("x" * (1024 * 1024 - JUST), "MessageTooLarge"),
        ({1, 2}, "TypeError"),
        ("a lone \ud800", None),
    ],
    ids=["too large", "too large with headers", "not JSON", "odd but JSON"],
)
def test_the_waiter_learns_of_a_result_that_cannot_be_stored(
    broker: NatsBroker, result: Any, reason: str | None
) -> None:
    if reason is None:
        assert returned(broker, result) == result
        return
    with pytest.raises(ResultFailure) as caught:
        returned(broker, result)
    assert caught.value.orig_exc_type == reason
    assert broker.get_queue_message_counts("default") == (0, 0, 0)


async def test_a_value_that_is_too_large_with_its_headers_costs_no_connection(
    client: Client, namespace: str
) -> None:
    bucket = Bucket(client, namespace)
    with pytest.raises(MessageTooLarge):
        await bucket.write("k", b"x" * (client.max_payload - JUST), ttl=10)
    assert client.is_connected
    assert await bucket.write("k", b"x") is not None


async def test_nor_does_a_message(nats_url: str, namespace: str) -> None:
    client = OrderedClient()
    await client.connect(nats_url)
    headers = {"Name": "x" * 2 * JUST}
    with pytest.raises(nats.errors.MaxPayloadError):
        await client.publish(namespace, b"x" * (client.max_payload - JUST), headers=headers)
    await client.publish(namespace, b"x" * client.max_payload)
    await client.flush()
    assert client.is_connected
    await client.close()

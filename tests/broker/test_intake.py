"""How several workers share a queue: no worker is idle while messages wait, and passing on wears no message out."""

from __future__ import annotations

import asyncio
import threading

import dramatiq
import nats
from dramatiq import Consumer, MessageProxy

from broker import NatsBroker
from broker.delivery import NatsMessage
from tests.conftest import eventually, join


def send(broker: NatsBroker, text: str, delay: int | None = None) -> None:
    broker.enqueue(dramatiq.Message("default", "note", (text,), {}, {}), delay=delay)


def take(consumer: Consumer) -> MessageProxy:
    return eventually(lambda: next(consumer), timeout=10)


def test_messages_of_another_worker_block_no_new_messages(broker: NatsBroker) -> None:
    for text in ("due 1", "due 2", "due 3"):
        send(broker, text, delay=0)
    one, other = (broker.consume("default", prefetch=prefetch, timeout=200) for prefetch in (1, 5))
    first = take(one)  # and learns that others wait behind it
    for _ in range(2):
        other.ack(take(other))
    other.close()
    one.ack(first)
    send(broker, "new")
    assert take(one).args == ("new",)
    one.close()


def test_a_redelivered_message_blocks_no_new_messages(broker: NatsBroker) -> None:
    send(broker, "due", delay=0)
    consumer = broker.consume("default", prefetch=1, timeout=200)
    unfinished = take(consumer)
    assert isinstance(unfinished, NatsMessage)
    unfinished.delivery.unfinished = True  # as when its retry could not be stored: it is delivered again
    consumer.ack(unfinished)
    consumer.ack(take(consumer))
    send(broker, "new")
    assert take(consumer).args == ("new",)
    consumer.close()


def test_what_comes_beyond_the_prefetch_goes_to_another(broker: NatsBroker) -> None:
    one = broker.consume("default", prefetch=1, timeout=200)
    assert next(one) is None  # it has asked for what is new, and for what is due
    send(broker, "due", delay=0)
    send(broker, "new")
    first = take(one)
    eventually(lambda: broker.mailbox("default").delayed == 0)
    assert next(one) is None
    other = broker.consume("default", prefetch=1, timeout=200)
    assert {first.args[0], take(other).args[0]} == {"due", "new"}
    one.close()
    other.close()


def test_a_message_handed_around_by_busy_workers_is_not_taken_for_poison(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, max_deliver=4)
    consumers = [broker.consume("default", prefetch=1, timeout=200) for _ in range(8)]
    for number in range(8):
        send(broker, f"busy {number}")
    busy = [take(consumer) for consumer in consumers]
    send(broker, "due", delay=0)
    eventually(lambda: broker.mailbox("default").due == 1)
    for consumer, message in zip(consumers, busy, strict=True):
        consumer.ack(message)
    found = eventually(lambda: next(filter(None, map(next, consumers)), None))
    assert isinstance(found, NatsMessage)
    assert (found.args, found.exhausted) == (("due",), False)
    for consumer in consumers:
        consumer.close()
    broker.close()


def test_a_process_whose_loop_stood_still_is_not_given_its_own_message_again(
    nats_url: str, namespace: str
) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, ack_wait=1)
    consumer = broker.consume("default", prefetch=2, timeout=500)
    send(broker, "one")
    taken = take(consumer)

    moves_on = threading.Event()

    async def stand_still() -> None:
        moves_on.wait(60)

    async def was_given_again() -> bool:
        async with await nats.connect(nats_url) as client:
            found = await client.jetstream().consumer_info(broker._names("default").box, "new-0")
            return bool(found.num_redelivered)

    still = threading.Thread(target=broker.run, args=(stand_still(),), daemon=True)
    still.start()
    try:
        eventually(lambda: asyncio.run(was_given_again()), interval=0.2)
    finally:
        moves_on.set()
    join(still)
    assert next(consumer) is None
    consumer.ack(taken)
    broker.join("default", timeout=5000)
    consumer.close()
    broker.close()

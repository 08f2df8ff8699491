"""The broker's guarantees to a sender."""

from __future__ import annotations

import threading
import time

import dramatiq
import pytest
from dramatiq.errors import BrokerConnectionError

from broker import DelayTooLong, MailboxFull, MessageTooLarge, NatsBroker, pull_consumer
from tests.broker.local import declare, local_worker
from tests.conftest import eventually, free_port, join

pytestmark = pytest.mark.anyio


def message(text: str = "x", **options: object) -> dramatiq.Message[None]:
    return dramatiq.Message("default", "note", (text,), {}, dict(options))


def test_a_message_runs_once(broker: NatsBroker) -> None:
    notes = declare(broker)
    with local_worker(broker):
        broker.enqueue(message("one"))
        broker.join("default", timeout=5000)
    assert notes == ["one"]


def test_the_same_message_sent_again_is_stored_once(broker: NatsBroker) -> None:
    notes = declare(broker)
    sent = message("one")
    broker.enqueue(sent)
    broker.enqueue(sent.copy())
    with local_worker(broker):
        broker.join("default", timeout=5000)
    assert notes == ["one"]


def test_a_full_mailbox_refuses_at_once_and_says_how_full_it_is(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size={"default": 2})
    broker.enqueue(message())
    broker.enqueue(message())
    with pytest.raises(MailboxFull) as refusal:
        broker.enqueue(message())
    assert (refusal.value.queue, refusal.value.limit, refusal.value.size) == ("default", 2, 2)
    assert not isinstance(refusal.value, BrokerConnectionError)
    box = broker.mailbox("default")
    assert (box.messages, box.limit) == (2, 2)
    broker.close()


def test_only_as_many_senders_as_there_are_places_succeed(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=3)
    outcomes: list[bool] = []

    def send() -> None:
        try:
            broker.enqueue(message())
            outcomes.append(True)
        except MailboxFull:
            outcomes.append(False)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    assert sorted(outcomes) == [False] * 5 + [True] * 3
    broker.close()


def test_a_mailbox_can_be_bounded_in_bytes(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_bytes=2000)
    with pytest.raises(MailboxFull) as refusal:
        broker.enqueue_many(message("x" * 200) for _ in range(20))
    assert refusal.value.unit == "bytes"
    assert 0 < broker.mailbox("default").messages < 20
    broker.close()


def test_a_sender_that_may_wait_is_woken_by_room(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1, mailbox_wait=20)
    notes = declare(broker)
    broker.enqueue(message("0"))
    senders = [threading.Thread(target=broker.enqueue, args=(message(str(n)),), daemon=True) for n in range(1, 6)]
    for sender in senders:
        sender.start()
    with local_worker(broker):
        eventually(lambda: len(notes) == 6)
    for sender in senders:
        join(sender)
    assert sorted(notes) == ["0", "1", "2", "3", "4", "5"]
    broker.close()


def test_room_itself_wakes_who_waits_for_it(
    nats_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.backpressure.RECHECK", 120.0)  # no waiter checks without an announcement
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1, mailbox_wait=60)
    broker.enqueue(message("0"))
    consumer = broker.consume("default", prefetch=1, timeout=10_000)
    taken = next(consumer)
    assert taken is not None
    sender = threading.Thread(target=broker.enqueue, args=(message("1"),), daemon=True)
    sender.start()
    eventually(
        lambda: (
            broker._components is not None and broker._components.capacity.is_awaited(broker._names("default").box)
        )
    )
    consumer.ack(taken)
    join(sender, 10)
    consumer.close()
    broker.close()


def test_a_sender_that_waited_in_vain_is_refused(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1, mailbox_wait=0.2)
    broker.enqueue(message())
    with pytest.raises(MailboxFull):
        broker.enqueue(message())
    broker.close()


def test_many_messages_are_stored_together(broker: NatsBroker) -> None:
    sent = broker.enqueue_many(message(str(n)) for n in range(500))
    assert len(sent) == 500
    assert broker.get_queue_message_counts("default") == (500, 0, 0)


def test_the_messages_of_a_batch_that_were_not_stored_are_reported(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=4)
    with pytest.raises(MailboxFull) as refusal:
        broker.enqueue_many([message(str(n)) for n in range(6)])
    assert len(refusal.value.unsent) == 2
    assert broker.mailbox("default").messages == 4
    broker.close()


def test_a_message_over_the_payload_limit_is_refused_before_it_is_sent(broker: NatsBroker) -> None:
    with pytest.raises(MessageTooLarge) as refusal:
        broker.enqueue(message("x" * 1_100_000))
    assert 1024 * 1024 - 10_000 < refusal.value.limit < 1024 * 1024
    broker.enqueue(message("small"))
    assert broker.mailbox("default").messages == 1


def test_sending_without_a_server_fails_in_time_and_nothing_connects_before() -> None:
    place = f"127.0.0.1:{free_port()}"
    broker = NatsBroker(f"nats://user:secret@{place}", timeout=0.5)
    with pytest.raises(BrokerConnectionError, match=f"No NATS server responds at {place} .*: check that it runs"):
        broker.enqueue(message())
    broker.close()


async def test_an_event_loop_may_send_without_being_blocked(broker: NatsBroker) -> None:
    notes = declare(broker)

    async def send() -> None:
        await broker.enqueue_async(message("now"))
        await broker.enqueue_async(message("soon"), delay=50)

    broker.run(send())
    with local_worker(broker):
        eventually(lambda: sorted(notes) == ["now", "soon"])


async def test_a_coroutine_on_another_loop_may_send_the_ordinary_way(broker: NatsBroker) -> None:
    broker.enqueue(message())
    assert broker.mailbox("default").messages == 1


def test_even_the_loops_own_thread_may_send_the_ordinary_way(broker: NatsBroker) -> None:
    async def send() -> None:
        broker.enqueue(message("one"))
        broker.enqueue(message("two"), delay=60_000)
        broker.enqueue_many([message("three")])

    broker.run(send())
    assert broker.get_queue_message_counts("default") == (2, 1, 0)


async def test_a_blocking_call_on_the_loops_thread_asks_for_await(broker: NatsBroker) -> None:
    async def wait() -> None:
        broker.mailbox("default")

    with pytest.raises(RuntimeError, match="await"):
        broker.run(wait())


def test_a_group_can_be_sent_together(broker: NatsBroker) -> None:
    notes = declare(broker)
    with broker.pipelined():
        dramatiq.group([message(str(n)) for n in range(50)], broker=broker).run()
        assert broker.mailbox("default").messages == 0
    with local_worker(broker):
        broker.join("default", timeout=10_000)
    assert sorted(notes) == sorted(map(str, range(50)))


def test_higher_broker_priorities_run_first(
    nats_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine a consumer may be silent for longer, and lose its rank. One whose response is lost is now asked
    # again after two heartbeats, which takes 11 s.
    monkeypatch.setattr(pull_consumer, "SILENCE", 60.0)
    broker = NatsBroker(nats_url, namespace=namespace, max_priority=2)
    notes = declare(broker)
    for number, priority in enumerate([0, 1, 2, 1, 0, 2]):
        broker.enqueue(message(f"{priority}-{number}", broker_priority=priority))
    with local_worker(broker, threads=1, prefetch=1):
        broker.join("default", timeout=60_000)
    assert [note[0] for note in notes] == ["2", "2", "1", "1", "0", "0"]
    broker.close()


def test_queue_names_that_look_alike_are_different_queues(broker: NatsBroker) -> None:
    names = ["a.b", "a_b", "a-b", "A_b", "a%2Eb", "a b", "ä/b", "a*b>"]
    for name in names:
        broker.enqueue(dramatiq.Message(name, "note", (name,), {}, {}))
    assert [broker.get_queue_message_counts(name) for name in names] == [(1, 0, 0)] * len(names)


def test_namespaces_are_apart(nats_url: str, namespace: str) -> None:
    one, other = NatsBroker(nats_url, namespace=namespace), NatsBroker(nats_url, namespace=f"{namespace}_x")
    one.enqueue(dramatiq.Message("x_q", "note", (), {}, {}))
    assert other.get_queue_message_counts("q") == (0, 0, 0)
    one.close()
    other.close()


def test_flushing_empties_one_queue_and_no_other(broker: NatsBroker) -> None:
    broker.enqueue(message())
    broker.enqueue(message(), delay=60_000)
    broker.enqueue(dramatiq.Message("other", "note", (), {}, {}))
    broker.flush("default")
    assert broker.get_queue_message_counts("default") == (0, 0, 0)
    assert broker.get_queue_message_counts("other") == (1, 0, 0)


def test_a_delayed_message_comes_neither_early_nor_late(broker: NatsBroker) -> None:
    times: list[float] = []
    declare(broker, lambda _: times.append(time.time()))
    sent = time.time()
    broker.enqueue(message(), delay=600)
    with local_worker(broker):
        broker.join("default", timeout=10_000)
    assert times[0] - sent >= 0.6
    assert broker.get_queue_message_counts("default") == (0, 0, 0)


@pytest.mark.parametrize("years", [300, 5000, 10**9])
def test_a_delay_beyond_what_the_server_counts_is_refused(broker: NatsBroker, years: int) -> None:
    """The server's time overflows in 2262: the message was due at once."""
    with pytest.raises(DelayTooLong, match="2262"):
        broker.enqueue(message(), delay=years * 365 * 86_400_000)
    broker.enqueue(message(), delay=200 * 365 * 86_400_000)
    box = broker.mailbox("default")
    assert (box.messages, box.due, box.delayed) == (0, 0, 1)


def test_messages_of_one_batch_with_the_same_delay_are_due_at_one_moment(broker: NatsBroker) -> None:
    broker.enqueue_many((message(str(n)) for n in range(20)), delay=60_000)
    broker.enqueue_many([message("later")], delay=70_000)

    async def schedules() -> list[str]:
        js = (await broker.client()).jetstream()
        stream = broker._names("default").later
        found = [await js.get_msg(stream, sequence) for sequence in range(1, 22)]
        return [(one.headers or {})["Nats-Schedule"] for one in found]

    *together, alone = broker.run(schedules())
    assert len(set(together)) == 1
    assert together[0] < alone

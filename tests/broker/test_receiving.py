"""The broker's guarantees to a worker."""

from __future__ import annotations

import threading
import time

import dramatiq
import pytest
from dramatiq import Middleware, Worker, pipeline
from dramatiq.results import ResultFailure, Results

from broker import MessageTooLarge, NatsBroker, NatsResultBackend
from tests.broker.local import declare, local_worker
from tests.conftest import eventually, join


def message(text: str = "x", **options: object) -> dramatiq.Message[None]:
    return dramatiq.Message("default", "note", (text,), {}, dict(options))


def test_work_that_outlasts_the_ack_wait_is_not_given_to_another(nats_url: str, namespace: str) -> None:
    broker, other = (NatsBroker(nats_url, namespace=namespace, ack_wait=1) for _ in range(2))
    runs: list[str] = []
    released = threading.Event()

    def act(text: str) -> None:
        runs.append(text)
        if text == "long":
            released.wait(20)

    declare(broker, act)
    declare(other, act)
    with local_worker(broker):
        broker.enqueue(message("long"))
        eventually(lambda: runs == ["long"])
        with local_worker(other):
            # Long after the ack wait, an idle worker is there to be given the message again.
            broker.enqueue(message("clock"), delay=2500)
            eventually(lambda: "clock" in runs)
            released.set()
            broker.join("default", timeout=5000)
    assert runs == ["long", "clock"]
    broker.close()
    other.close()


def test_a_stopping_worker_gives_back_at_once_what_it_has_not_begun(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, ack_wait=60)
    begun: list[str] = []
    declare(broker, lambda text: (begun.append(text), time.sleep(0.3)))
    broker.enqueue_many(message(str(n)) for n in range(10))
    with local_worker(broker, threads=1, prefetch=8):
        eventually(lambda: begun)
    done = len(begun)
    # A second worker gets all the rest, although the ack wait is a minute.
    rest = NatsBroker(nats_url, namespace=namespace, ack_wait=60)
    notes = declare(rest)
    with local_worker(rest):
        eventually(lambda: len(notes) == 10 - done)
        rest.join("default", timeout=5000)
    broker.close()
    rest.close()


def test_a_worker_holds_no_more_than_its_prefetch(broker: NatsBroker) -> None:
    declare(broker, lambda _: time.sleep(60))
    broker.enqueue_many(message(str(n)) for n in range(20))
    worker = Worker(broker, worker_timeout=100, worker_threads=1)
    worker.queue_prefetch = 5
    worker.start()
    for thread in worker.workers:
        thread.pause()
    try:
        eventually(lambda: broker.mailbox("default").in_flight == 5)
        assert broker.mailbox("default").messages == 20
    finally:
        broker.flush("default")
        for thread in worker.workers:
            thread.running = False
        worker.workers.clear()
        worker.stop()


def test_a_message_that_cannot_be_decoded_is_a_dead_letter_and_stops_no_other(broker: NatsBroker) -> None:
    notes = declare(broker)
    broker.enqueue(message("before"))

    async def publish_rubbish() -> None:
        names = broker._names("default")
        await (await broker.client()).jetstream().publish(names.new(0), b"\xff not a message")

    broker.run(publish_rubbish())
    broker.enqueue(message("after"))
    with local_worker(broker):
        broker.join("default", timeout=5000)
    assert sorted(notes) == ["after", "before"]
    (letter,) = broker.get_dead_letters("default")
    assert (letter.payload, letter.message) == (b"\xff not a message", None)
    assert "Error" in letter.error


def test_a_message_for_an_unknown_actor_is_a_dead_letter(broker: NatsBroker) -> None:
    broker.declare_queue("default")
    broker.enqueue(dramatiq.Message("default", "unknown_actor", (), {}, {}))
    with local_worker(broker):
        broker.join("default", timeout=5000)
    (letter,) = broker.get_dead_letters("default")
    assert letter.message is not None
    assert letter.message.actor_name == "unknown_actor"
    assert "ActorNotFound" in letter.error


def test_a_dead_letter_can_be_shown_replayed_and_dropped(broker: NatsBroker) -> None:
    fails = iter([True, True, True, False])

    def act(_: str) -> None:
        if next(fails):
            raise ValueError("not today")

    notes = declare(broker, act, max_retries=1, min_backoff=10, max_backoff=10)
    with local_worker(broker):
        sent = broker.enqueue(message("one"))
        broker.join("default", timeout=5000)
        (letter,) = broker.get_dead_letters("default")
        assert (letter.error, letter.attempts) == ("ValueError: not today", 2)
        assert letter.message is not None
        assert letter.message.message_id == sent.message_id
        assert abs(letter.died_at.timestamp() - time.time()) < 30
        assert broker.replay_dead_letter("default", letter.sequence)
        broker.join("default", timeout=5000)
    assert notes == ["one"], "its attempts are counted from zero"
    assert broker.get_dead_letters("default") == []
    assert not broker.replay_dead_letter("default", letter.sequence)
    assert not broker.drop_dead_letter("default", letter.sequence)


def largest(broker: NatsBroker) -> str:
    """As much as a message may carry."""
    with pytest.raises(MessageTooLarge) as refusal:
        broker.enqueue(message("x" * 1_100_000))
    return "x" * (1_100_000 - (refusal.value.size - refusal.value.limit))


def test_the_largest_message_can_be_retried_and_put_away(broker: NatsBroker) -> None:
    runs: list[str] = []

    def act(text: str) -> None:
        runs.append(text)
        raise ValueError("not today")

    declare(broker, act, max_retries=1, min_backoff=10, max_backoff=10)
    sent = broker.enqueue(message(largest(broker)))
    with local_worker(broker):
        broker.join("default", timeout=10_000)
    (letter,) = broker.get_dead_letters("default")
    assert letter.message is not None
    assert (letter.message.args, letter.error, len(runs)) == (sent.args, "ValueError: not today", 2)


def test_a_message_that_has_grown_too_large_is_put_away_as_it_came(broker: NatsBroker) -> None:
    class Grow(Middleware):
        def after_process_message(
            self, _broker: dramatiq.Broker, message: dramatiq.MessageProxy, **_: object
        ) -> None:
            message.options["note"] = "x" * 100_000

    def act(_: str) -> None:
        raise ValueError("y" * 5000)

    declare(broker, act, max_retries=0)
    broker.add_middleware(Grow())
    sent = broker.enqueue(message(largest(broker)))
    with local_worker(broker):
        broker.join("default", timeout=10_000)
    (letter,) = broker.get_dead_letters("default")
    assert letter.message is not None
    assert (letter.message.args, letter.message.options) == (sent.args, {})
    assert letter.error.startswith("ValueError: yyy")


def test_retries_of_a_full_mailbox_keep_their_place(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=8)
    failed: set[str] = set()
    lock = threading.Lock()

    def act(text: str) -> None:
        with lock:
            first = text not in failed
            failed.add(text)
        if first:
            raise ValueError(text)

    notes = declare(broker, act, max_retries=3, min_backoff=50, max_backoff=50)
    broker.enqueue_many(message(str(n)) for n in range(8))
    stop = threading.Event()

    def fill() -> None:
        while not stop.is_set():
            try:
                broker.enqueue(message("0"))
            except dramatiq.errors.BrokerError:
                time.sleep(0.001)

    filler = threading.Thread(target=fill, daemon=True)
    with local_worker(broker):
        filler.start()
        try:
            eventually(lambda: {str(n) for n in range(8)} <= set(notes))
        finally:
            stop.set()
        join(filler)
        broker.join("default", timeout=20_000)
    assert broker.get_dead_letters("default") == []
    broker.close()


def test_a_pipelines_next_step_finds_room_in_a_full_mailbox(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size={"second": 1})
    steps: list[str] = []

    def first() -> str:
        steps.append("first")
        return "value"

    def second(value: str) -> None:
        steps.append(f"second {value}")

    one = dramatiq.actor(first, broker=broker, queue_name="first")
    two = dramatiq.actor(second, broker=broker, queue_name="second")
    broker.enqueue(two.message("filler"))
    worker = Worker(broker, queues={"first"}, worker_timeout=100, worker_threads=1)
    worker.start()
    pipeline([one.message(), two.message()], broker=broker).run()
    broker.join("first", timeout=5000)
    worker.stop()
    with local_worker(broker):
        broker.join("second", timeout=5000)
    assert sorted(steps) == ["first", "second filler", "second value"]
    broker.close()


def test_follow_ups_that_are_sent_together_find_room_in_a_full_mailbox(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size={"second": 1})

    class Follow(Middleware):
        def after_process_message(
            self, _broker: dramatiq.Broker, _message: dramatiq.MessageProxy, **_: object
        ) -> None:
            broker.enqueue_many(dramatiq.Message("second", "any", (n,), {}, {}) for n in range(2))

    declare(broker)
    broker.add_middleware(Follow())
    broker.enqueue(dramatiq.Message("second", "any", ("filler",), {}, {}))
    broker.enqueue(message())
    with local_worker(broker):
        broker.join("default", timeout=5000)
    second = broker.mailbox("second")
    assert (second.messages, second.due) == (1, 2)
    broker.close()


def test_a_message_that_is_never_settled_becomes_a_dead_letter(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, ack_wait=1, max_deliver=2)
    seen: list[str] = []

    class Watcher(Middleware):
        def after_nack(self, _broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:
            seen.append(type(message._exception).__name__)

    backend = NatsResultBackend(broker)
    broker.add_middleware(Results(backend=backend))
    broker.add_middleware(Watcher())
    notes = declare(broker, store_results=True)
    sent = broker.enqueue(message("killer"))
    for _ in range(2):
        # Takes the message and gives it back, as a worker's restart does: each time is a delivery.
        consumer = broker.consume("default", prefetch=1, timeout=5000)
        taken = next(consumer)
        assert taken is not None
        consumer.requeue([taken])
        consumer.close()
    with local_worker(broker):
        broker.join("default", timeout=10_000)
        with pytest.raises(ResultFailure):
            sent.get_result(backend=backend, block=True)
    assert notes == []
    assert seen == ["DeliveriesExhausted"]
    (letter,) = broker.get_dead_letters("default")
    assert letter.attempts == 3
    broker.close()


@pytest.mark.parametrize("then", ["ack", "nack", "requeue"])
@pytest.mark.parametrize("first", ["ack", "nack", "requeue"])
def test_settling_twice_changes_nothing(broker: NatsBroker, first: str, then: str) -> None:
    """A nack after an ack made a dead letter of a message that was done."""
    broker.declare_queue("default")
    broker.enqueue(message())
    consumer = broker.consume("default", prefetch=1, timeout=5000)
    taken = next(consumer)
    assert taken is not None
    for outcome in (first, then):
        settle = getattr(consumer, outcome)
        settle([taken] if outcome == "requeue" else taken)
    consumer.close()  # the server has seen both verdicts
    expected = {"ack": (0, 0, 0), "nack": (0, 0, 1), "requeue": (1, 0, 0)}[first]
    eventually(lambda: broker.get_queue_message_counts("default") == expected)


def test_a_due_message_is_not_held_up_by_one_far_away(broker: NatsBroker) -> None:
    notes = declare(broker)
    broker.enqueue(message("far"), delay=3_600_000)
    broker.enqueue(message("near"), delay=100)
    with local_worker(broker):
        eventually(lambda: notes == ["near"])
    assert broker.get_queue_message_counts("default") == (0, 1, 0)


def test_a_delay_longer_than_the_ack_wait_is_kept_by_the_server(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, ack_wait=1)
    notes = declare(broker)
    broker.enqueue(message("later"), delay=2500)
    with local_worker(broker):
        broker.join("default", timeout=10_000)
    assert notes == ["later"]
    broker.close()


def test_a_changed_option_is_applied_to_what_exists(nats_url: str, namespace: str) -> None:
    NatsBroker(nats_url, namespace=namespace, mailbox_size=2).enqueue(message())
    wider = NatsBroker(nats_url, namespace=namespace, mailbox_size=5)
    for _ in range(4):
        wider.enqueue(message())
    assert wider.mailbox("default").messages == 5
    wider.close()


def test_what_waits_beyond_a_lowered_priority_is_worked_off(nats_url: str, namespace: str) -> None:
    before = NatsBroker(nats_url, namespace=namespace, max_priority=2)
    before.enqueue(message("high", broker_priority=2))
    before.enqueue(message("later", broker_priority=1), delay=100)
    before.close()
    broker = NatsBroker(nats_url, namespace=namespace)
    notes = declare(broker)
    with local_worker(broker):
        broker.join("default", timeout=10_000)
    assert sorted(notes) == ["high", "later"]
    broker.close()


def test_dead_letters_are_kept_for_seven_days_by_default(nats_url: str, namespace: str) -> None:
    async def kept(broker: NatsBroker) -> float | None:
        js = (await broker.client()).jetstream()
        return (await js.stream_info(broker._names("default").dead)).config.max_age

    for broker, days in (
        (NatsBroker(nats_url, namespace=namespace), 7),
        (NatsBroker(nats_url, namespace=namespace, dead_letter_ttl=86400), 1),
    ):
        broker.get_dead_letters("default")
        assert broker.run(kept(broker)) == days * 86400
        broker.close()


def test_what_the_server_does_not_change_is_refused_with_the_reason(nats_url: str, namespace: str) -> None:
    from nats.js.api import StorageType

    from broker import DeclarationRefused

    NatsBroker(nats_url, namespace=namespace).enqueue(message())
    other = NatsBroker(nats_url, namespace=namespace, storage=StorageType.MEMORY)
    with pytest.raises(DeclarationRefused, match="storage"):
        other.enqueue(message())
    other.close()


def test_an_ack_goes_through_although_the_consumer_was_replaced_meanwhile(broker: NatsBroker) -> None:
    released, begun = threading.Event(), threading.Event()
    notes = declare(broker, lambda _: (begun.set(), released.wait(20)))
    with local_worker(broker) as worker:
        broker.enqueue(message("one"))
        assert begun.wait(10)
        first = worker.consumers["default"].consumer
        assert first is not None
        first.close()
        eventually(lambda: worker.consumers["default"].consumer is not first)
        released.set()
        broker.join("default", timeout=5000)
    assert notes == ["one"]


def test_a_delay_does_not_depend_on_the_senders_clock(broker: NatsBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = declare(broker)
    hour = 3_600_000
    monkeypatch.setattr("broker.broker.current_millis", lambda: int(time.time() * 1000) + hour)
    broker.enqueue(message("an hour ahead"), delay=200)
    monkeypatch.setattr("broker.broker.current_millis", lambda: int(time.time() * 1000) - hour)
    broker.enqueue(message("an hour behind"), delay=60_000)
    with local_worker(broker):
        eventually(lambda: notes == ["an hour ahead"])
    assert broker.get_queue_message_counts("default") == (0, 1, 0)

"""The broker when a process dies or the connection breaks at the worst moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dramatiq
import pytest
from dramatiq.errors import BrokerConnectionError

from broker import NatsBroker
from tests.broker.local import declare, local_worker
from tests.broker.proxy import Proxy
from tests.broker.servers import Server
from tests.broker.workers import WorkerProcess
from tests.conftest import eventually


@pytest.fixture
def proxy(nats_url: str) -> Iterator[Proxy]:
    proxy = Proxy(nats_url)
    yield proxy
    proxy.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "nats")
    server.start()
    yield server
    server.close()


def message(text: str = "x", actor: str = "note", **options: object) -> dramatiq.Message[None]:
    return dramatiq.Message("default", actor, (text,), {}, dict(options))


def test_a_cut_between_a_publish_and_its_confirmation_stores_the_message_once(
    proxy: Proxy, namespace: str
) -> None:
    broker = NatsBroker(proxy.url, namespace=namespace)
    broker.enqueue(message("first"))
    for number in range(3):
        proxy.cut_at = b".new.0"
        broker.enqueue(message(f"cut {number}"))
        assert proxy.cuts == number + 1
    assert broker.mailbox("default").messages == 4
    broker.close()


def test_a_cut_in_the_middle_of_acks_and_fetches_loses_nothing(proxy: Proxy, namespace: str) -> None:
    broker = NatsBroker(proxy.url, namespace=namespace, ack_wait=2)
    notes = declare(broker)
    broker.enqueue_many(message(str(n)) for n in range(300))
    with local_worker(broker):
        for at in (b"+ACK", b"MSG.NEXT", b"+ACK"):
            proxy.cut_at = at
            eventually(lambda: proxy.cut_at is None)
        broker.join("default", timeout=30_000)
    assert {str(n) for n in range(300)} == set(notes)
    broker.close()


def test_an_ack_that_a_cut_has_swallowed_is_repeated(proxy: Proxy, namespace: str) -> None:
    broker = NatsBroker(proxy.url, namespace=namespace, ack_wait=2)
    notes = declare(broker)
    with local_worker(broker):
        for number in range(3):
            proxy.lose_at = b"+ACK"
            broker.enqueue(message(str(number)))
            eventually(lambda: proxy.lose_at is None)
        broker.join("default", timeout=20_000)
    assert sorted(notes) == ["0", "1", "2"]
    broker.close()


def test_an_ack_of_work_done_during_an_outage_is_sent_afterwards(proxy: Proxy, namespace: str) -> None:
    broker = NatsBroker(proxy.url, namespace=namespace, ack_wait=2)
    notes = declare(broker, lambda _: proxy.refuse())
    with local_worker(broker):
        broker.enqueue(message("one"))
        eventually(lambda: notes == ["one"])
        proxy.admit()
        broker.join("default", timeout=20_000)
    assert notes == ["one"]
    broker.close()


def test_a_retry_that_falls_into_an_outage_is_not_lost(proxy: Proxy, namespace: str) -> None:
    broker = NatsBroker(proxy.url, namespace=namespace, ack_wait=2, timeout=0.5)
    runs: list[str] = []

    def act(text: str) -> None:
        runs.append(text)
        if len(runs) == 1:
            proxy.refuse()
            raise ValueError("while the server is away")

    given_up = threading.Event()

    class Watcher(dramatiq.Middleware):
        def after_ack(self, _broker: dramatiq.Broker, _message: dramatiq.MessageProxy) -> None:
            given_up.set()

    broker.add_middleware(Watcher())
    notes = declare(broker, act, max_retries=3, min_backoff=50, max_backoff=50)
    with local_worker(broker):
        broker.enqueue(message("one"))
        # The retry could not be stored, and Dramatiq acks the message; only then does the server come back.
        assert given_up.wait(20)
        proxy.admit()
        eventually(lambda: notes == ["one"])
        broker.join("default", timeout=20_000)
    broker.close()


def test_sending_while_the_server_is_away_fails_and_works_again_afterwards(proxy: Proxy, namespace: str) -> None:
    broker = NatsBroker(proxy.url, namespace=namespace, timeout=0.5)
    broker.enqueue(message("before"))
    proxy.refuse()
    with pytest.raises(BrokerConnectionError):
        broker.enqueue(message("during"))
    proxy.admit()
    eventually(lambda: _sent(broker, "after"))
    # What failed was not sent in secret later on.
    assert broker.mailbox("default").messages == 2
    broker.close()


def _sent(broker: NatsBroker, text: str) -> bool:
    try:
        broker.enqueue(message(text))
    except BrokerConnectionError:
        return False
    return True


def test_a_worker_stops_at_once_while_the_server_is_away(proxy: Proxy, namespace: str) -> None:
    broker = NatsBroker(proxy.url, namespace=namespace)
    declare(broker)
    with local_worker(broker):
        broker.enqueue(message())
        broker.join("default", timeout=5000)
        proxy.refuse()
        stopping = threading.Thread(target=broker.close)
    stopping.start()
    stopping.join(10)
    assert not stopping.is_alive()


def test_everything_survives_a_kill_of_the_server(server: Server, namespace: str) -> None:
    broker = NatsBroker(server.url, namespace=namespace, ack_wait=2)
    notes = declare(broker)
    broker.enqueue_many(message(str(n)) for n in range(100))
    broker.enqueue(message("delayed"), delay=1500)
    server.kill()
    server.start()
    with local_worker(broker):
        eventually(lambda: len(set(notes)) >= 20)
        server.kill()
        server.start()
        broker.join("default", timeout=30_000)
    assert set(notes) == {*map(str, range(100)), "delayed"}
    broker.close()


def test_a_stream_that_was_deleted_is_made_again(broker: NatsBroker) -> None:
    broker.enqueue(message("lost"))

    async def delete() -> None:
        await (await broker.client()).jetstream().delete_stream(broker._names("default").box)

    broker.run(delete())
    broker.enqueue(message("kept"))
    assert broker.mailbox("default").messages == 1


def test_a_dead_letter_is_kept_although_the_stream_was_created_again_and_numbers_restart(
    broker: NatsBroker,
) -> None:
    def act(text: str) -> None:
        raise ValueError(text)

    async def delete() -> None:
        await (await broker.client()).jetstream().delete_stream(broker._names("default").box)

    declare(broker, act, max_retries=0)
    for text in ("one", "two"):
        with local_worker(broker):
            broker.enqueue(message(text))
            broker.join("default", timeout=10_000)
        broker.run(delete())
    assert [letter.error for letter in broker.get_dead_letters("default")] == [
        "ValueError: one",
        "ValueError: two",
    ]


def test_a_message_whose_dead_letter_is_refused_is_kept_and_the_refusal_is_logged(
    broker: NatsBroker, caplog: pytest.LogCaptureFixture
) -> None:
    names = broker._names("default")

    async def take_the_name() -> None:
        js = (await broker.client()).jetstream()
        await js.add_stream(name=names.dead, subjects=[names.letter], storage="memory")

    def act(text: str) -> None:
        raise ValueError(text)

    broker.run(take_the_name())
    declare(broker, act, max_retries=0)
    broker.enqueue(message("one"))
    with local_worker(broker):
        eventually(lambda: "A dead letter of queue 'default' could not be stored" in caplog.text)
    assert "storage" in caplog.text
    assert broker.mailbox("default").messages == 1


def test_a_message_that_kills_its_worker_each_time_is_put_away(
    nats_url: str, namespace: str, tmp_path: Path
) -> None:
    with closing(WorkerProcess(nats_url, namespace, tmp_path, TEST_MAX_DELIVER="2", TEST_ACK_WAIT="1")) as worker:
        worker.send("die")
        for count in (1, 2):
            process = worker.start()
            eventually(lambda count=count: worker.notes().count("dying") == count)  # type: ignore[misc]
            process.wait(20)
            worker.kill()
        worker.start()
        eventually(lambda: worker.broker.get_queue_message_counts("default") == (0, 0, 1))
        assert worker.notes().count("dying") == 2


def test_ten_thousand_messages_run_once_each_in_two_processes(worker: WorkerProcess) -> None:
    worker.start(threads=4, processes=2)
    messages = [dramatiq.Message[None]("default", "note", (str(n),), {}, {}) for n in range(10_000)]
    worker.broker.enqueue_many(messages)
    worker.broker.join("default", timeout=60_000)
    assert sorted(worker.notes()) == sorted(map(str, range(10_000)))


def test_a_worker_process_ends_while_the_server_is_away(proxy: Proxy, namespace: str, tmp_path: Path) -> None:
    with closing(WorkerProcess(proxy.url, namespace, tmp_path)) as worker:
        worker.send("note", "one")
        worker.start()
        eventually(lambda: worker.notes() == ["one"])
        proxy.refuse()
        assert worker.stop() == 0
        assert "Traceback" not in worker.log()
        proxy.admit()


def test_a_worker_goes_on_after_its_connection_was_closed_for_good(broker: NatsBroker) -> None:
    notes = declare(broker)

    async def close_connection() -> None:
        # As nats-py does by itself after some errors of the server: it does not reconnect then.
        await (await broker.client()).close()

    with local_worker(broker):
        broker.enqueue(message("before"))
        eventually(lambda: notes == ["before"])
        broker.run(close_connection())
        broker.enqueue(message("after"))
        eventually(lambda: notes == ["before", "after"])
        broker.join("default", timeout=5000)

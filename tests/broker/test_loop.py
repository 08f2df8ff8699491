"""One loop for each process, with async actors on it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable

import dramatiq
import pytest
from dramatiq.middleware import TimeLimitExceeded

from broker import LoopActors, NatsBroker
from tests.broker.local import local_worker
from tests.conftest import eventually


@pytest.fixture
def async_broker(broker: NatsBroker) -> NatsBroker:
    broker.add_middleware(LoopActors(broker, cleanup_timeout=5))
    return broker


def test_async_actors_run_on_the_loop_of_the_connection(async_broker: NatsBroker) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def look() -> None:
        loops.append(asyncio.get_running_loop())

    actor = dramatiq.actor(look, broker=async_broker)

    async def loop_of_broker() -> asyncio.AbstractEventLoop:
        await async_broker.client()
        return asyncio.get_running_loop()

    with local_worker(async_broker):
        actor.send()
        actor.send()
        async_broker.join("default", timeout=5000)
    assert loops == [async_broker.run(loop_of_broker())] * 2


def test_an_async_actor_may_send_and_wait_for_nothing_else(async_broker: NatsBroker) -> None:
    done: list[str] = []

    async def follow() -> None:
        done.append("second")

    async def begin() -> None:
        await async_broker.enqueue_async(second.message())
        done.append("first")

    second = dramatiq.actor(follow, broker=async_broker)
    first = dramatiq.actor(begin, broker=async_broker)
    with local_worker(async_broker):
        first.send()
        eventually(lambda: sorted(done) == ["first", "second"])
        async_broker.join("default", timeout=5000)


def test_a_time_limit_cancels_an_async_actor_and_waits_for_its_cleanup(async_broker: NatsBroker) -> None:
    order: list[str] = []
    cleaning = threading.Event()

    class Watcher(dramatiq.Middleware):
        def after_process_message(
            self,
            _broker: dramatiq.Broker,
            _message: dramatiq.MessageProxy,
            *,
            result: object = None,
            exception: BaseException | None = None,
        ) -> None:
            order.append(type(exception).__name__)

    async def endless() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaning.set()
            # Longer than the second that Dramatiq's own middleware allows.
            await asyncio.sleep(1.2)
            order.append("cleaned up")

    async_broker.add_middleware(Watcher())
    actor = dramatiq.actor(endless, broker=async_broker, time_limit=300, max_retries=0)
    with local_worker(async_broker):
        actor.send()
        assert cleaning.wait(10)
        async_broker.join("default", timeout=10_000)
    assert order == ["cleaned up", TimeLimitExceeded.__name__]


def test_an_exception_of_an_async_actor_is_that_of_the_message(async_broker: NatsBroker) -> None:
    async def fail() -> None:
        raise TimeoutError("of its own")

    actor = dramatiq.actor(fail, broker=async_broker, max_retries=0)
    with local_worker(async_broker):
        actor.send()
        async_broker.join("default", timeout=5000)
    (letter,) = async_broker.get_dead_letters("default")
    assert letter.error == "TimeoutError: of its own"


def test_waiting_has_a_time_limit_and_then_cancels(broker: NatsBroker) -> None:
    cancelled = threading.Event()

    async def endless() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(TimeoutError):
        broker.run(endless(), timeout=0.2)
    assert cancelled.wait(5)


def test_a_forked_process_sends_on_a_connection_of_its_own(broker: NatsBroker) -> None:
    broker.enqueue(dramatiq.Message("default", "note", ("parent",), {}, {}))
    child = os.fork()
    if child == 0:
        try:
            broker.enqueue(dramatiq.Message("default", "note", ("child",), {}, {}))
            broker.close()
            os._exit(0)
        finally:
            os._exit(1)
    # A fork of a process with threads may hold a lock that no thread will ever release.
    try:
        _, status = eventually(lambda: (ended := os.waitpid(child, os.WNOHANG))[0] and ended)
    except AssertionError:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    assert status == 0
    broker.enqueue(dramatiq.Message("default", "note", ("parent again",), {}, {}))
    assert broker.mailbox("default").messages == 3


def test_an_idle_worker_burns_no_cpu(broker: NatsBroker) -> None:
    dramatiq.actor(lambda: None, broker=broker, actor_name="nothing")
    with local_worker(broker, threads=2):
        eventually(lambda: broker.mailbox("default").messages == 0)
        used, began = time.process_time(), time.monotonic()
        eventually(lambda: time.monotonic() - began > 1.0, interval=0.5)
        assert time.process_time() - used < 0.3


def test_an_interrupt_while_the_loop_is_woken_blocks_no_caller(
    broker: NatsBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.enqueue(dramatiq.Message("default", "note", (), {}, {}))
    thread = broker._open().thread
    call, interrupts = thread.call, [TimeLimitExceeded()]

    def interrupted(callback: Callable[[], object]) -> None:
        if interrupts:
            raise interrupts.pop()
        call(callback)

    monkeypatch.setattr(thread, "call", interrupted)
    with pytest.raises(TimeLimitExceeded):
        broker.enqueue(dramatiq.Message("default", "note", (), {}, {}))
    next_one = dramatiq.Message("default", "note", (), {}, {})
    threading.Thread(target=broker.enqueue, args=(next_one,), daemon=True).start()
    eventually(lambda: broker.mailbox("default").messages == 3)

"""The fixtures of Dramatiq's tests, all backed by NatsBroker."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq import Worker

from broker import NatsRateLimiterBackend, NatsResultBackend

from .substitute import Substitute


@pytest.fixture
def fresh() -> str:
    """Returns a new namespace for each test."""
    return f"u{uuid.uuid4().hex[:10]}"


def _serve(broker: Substitute) -> Iterator[Substitute]:
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    yield broker
    broker.flush_all()
    broker.close()


def _work(broker: Substitute) -> Iterator[Worker]:
    worker = Worker(broker, worker_timeout=100, worker_threads=32)
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def stub_broker(fresh: str) -> Iterator[Substitute]:
    broker = Substitute(namespace=fresh)
    broker.watch_failures()
    yield from _serve(broker)


@pytest.fixture
def redis_broker(fresh: str) -> Iterator[Substitute]:
    yield from _serve(Substitute(namespace=fresh))


@pytest.fixture
def rabbitmq_broker(fresh: str) -> Iterator[Substitute]:
    yield from _serve(Substitute(namespace=fresh, max_priority=10))


@pytest.fixture
def stub_worker(stub_broker: Substitute) -> Iterator[Worker]:
    yield from _work(stub_broker)


@pytest.fixture
def redis_worker(redis_broker: Substitute) -> Iterator[Worker]:
    yield from _work(redis_broker)


@pytest.fixture
def rabbitmq_worker(rabbitmq_broker: Substitute) -> Iterator[Worker]:
    yield from _work(rabbitmq_broker)


@pytest.fixture
def _store(fresh: str) -> Iterator[Substitute]:
    broker = Substitute(namespace=fresh)
    yield broker
    broker.close()


@pytest.fixture
def result_backend(_store: Substitute) -> NatsResultBackend:
    return NatsResultBackend(_store)


@pytest.fixture
def redis_result_backend(result_backend: NatsResultBackend) -> NatsResultBackend:
    return result_backend


@pytest.fixture
def rate_limiter_backend(_store: Substitute) -> NatsRateLimiterBackend:
    return NatsRateLimiterBackend(_store)


@pytest.fixture
def start_cli() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    process: subprocess.Popen[bytes] | None = None

    def start(broker: str, *, extra_args: list[str] | None = None, **kwargs: Any) -> subprocess.Popen[bytes]:
        nonlocal process
        process = subprocess.Popen([sys.executable, "-m", "dramatiq", broker, *(extra_args or [])], **kwargs)
        return process

    yield start
    if process is not None:
        process.terminate()
        process.wait(30)

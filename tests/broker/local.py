"""A worker in the test's own process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
from dramatiq import Worker

from broker import NatsBroker


def declare(broker: NatsBroker, act: Callable[[str], Any] | None = None, **options: Any) -> list[str]:
    """Declares the actor `note`, which does `act` and then writes down what it was sent."""
    notes: list[str] = []

    def note(text: str) -> None:
        if act is not None:
            act(text)
        notes.append(text)

    dramatiq.actor(note, broker=broker, **options)
    return notes


@contextlib.contextmanager
def local_worker(broker: NatsBroker, threads: int = 4, prefetch: int | None = None) -> Iterator[Worker]:
    broker.emit_after("process_boot")  # starts the clock of time limits
    worker = Worker(broker, worker_timeout=100, worker_threads=threads)
    if prefetch is not None:
        worker.queue_prefetch = prefetch
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()

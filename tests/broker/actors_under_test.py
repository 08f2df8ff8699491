"""The actors of worker processes in tests. The environment names the NATS server and the file to write to."""

from __future__ import annotations

import os
import time
from pathlib import Path

import dramatiq

from broker import LoopActors, NatsBroker

NOTES = Path(os.environ.get("TEST_NOTES", "/dev/null"))
broker = NatsBroker(
    os.environ.get("TEST_NATS", "nats://127.0.0.1:4222"),
    namespace=os.environ.get("TEST_NAMESPACE", "test"),
    ack_wait=float(os.environ.get("TEST_ACK_WAIT", "2")),
    max_deliver=int(os.environ.get("TEST_MAX_DELIVER", "20")),
)
broker.add_middleware(LoopActors(broker))
dramatiq.set_broker(broker)


def write(text: str) -> None:
    with NOTES.open("a") as notes:
        notes.write(text + "\n")


@dramatiq.actor
def note(text: str) -> None:
    write(text)


@dramatiq.actor
async def note_async(text: str) -> None:
    write(text)


@dramatiq.actor
def hang(until: str, text: str) -> None:
    write("begun")
    while not Path(until).exists():
        time.sleep(0.02)
    write(text)


@dramatiq.actor
def die() -> None:
    write("dying")
    os._exit(9)


@dramatiq.actor(max_retries=1, min_backoff=50, max_backoff=50)
def fail(text: str) -> None:
    write(text)
    raise ValueError(text)

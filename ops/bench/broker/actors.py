"""The actors of the benchmark, run by `python -m dramatiq`; the environment selects the broker."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq import Broker
from dramatiq.middleware import Middleware

from .tally import Tally

KIND, URL = os.environ["BENCH_KIND"], os.environ["BENCH_URL"]
tally = Tally(Path(os.environ["BENCH_TALLY"]))
lock = threading.Lock()


class Count(Middleware):
    """Counts a message after it is completely processed."""

    def after_ack(self, _broker: Broker, _message: object) -> None:
        with lock:
            tally.add(time.time())


def make_broker() -> Broker:
    if KIND == "redis":
        from dramatiq.brokers.redis import RedisBroker

        return RedisBroker(url=URL)
    if KIND.startswith("rabbitmq"):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=URL, confirm_delivery=KIND == "rabbitmq-confirmed")
    from broker import NatsBroker

    return NatsBroker(URL, namespace="bench")


broker: Any = make_broker()
broker.add_middleware(Count())
dramatiq.set_broker(broker)


@dramatiq.actor(max_retries=0)
def noop() -> None:
    """Does nothing, to measure the cost of the broker alone."""


@dramatiq.actor(max_retries=0)
def timed(number: int, sent: float) -> None:
    """Records how late it started."""
    tally.add_latency(number, time.time() - sent)

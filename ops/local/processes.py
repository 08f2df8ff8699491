"""The processes of one machine: a gateway, a Coordinator, a Reconciler, a notifier, and a DateScraper per
browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from actors.queues import COORDINATOR, DATE_SCRAPER, NOTIFIER, RECONCILER, Queue
from ops.client.connections import open_nats
from ops.local.supervision.command import Command, Stage

if TYPE_CHECKING:
    from actors.settings import Settings

#: Messages that a worker processes concurrently: all workers except the DateScraper wait for I/O, not for the CPU.
THREADS = 8

#: How long a process may take beyond its grace time to close its browser and connections, in seconds: the same as
#: the units of systemd, compose and Kubernetes allow.
CLOSING = 15.0


def time_to_stop(settings: Settings) -> float:
    """Returns the seconds from the stop request until remaining processes are killed."""
    return settings.shutdown_grace_ms / 1000 + CLOSING


def processes(settings: Settings) -> Iterator[Command]:
    """Yields the commands in start order."""
    first: tuple[Queue, ...] = (COORDINATOR, RECONCILER, NOTIFIER)
    for queue in first:
        yield _worker(queue, queue, settings)
    for n in range(1, settings.browser_pool_size + 1):
        yield _worker(DATE_SCRAPER, f"scraper-{n}", settings)
    ready = partial(gateway_answers, settings.need_nats_url())
    yield Command(name="gateway", argv=gateway_argv(), stage=Stage.GATEWAY, ready=ready)


def gateway_argv() -> tuple[str, ...]:
    return (sys.executable, "-m", "actors.gateway")


def worker_argv(queue: Queue, settings: Settings) -> tuple[str, ...]:
    threads = settings.sync_concurrency if queue == DATE_SCRAPER else THREADS
    return (
        *(sys.executable, "-m", "dramatiq", "actors.app"),
        *("--processes", "1", "--threads", str(threads), "--queues", queue),
        "--skip-logging",  # our own logging goes to stderr, in one format
        *("--worker-shutdown-timeout", str(settings.shutdown_grace_ms)),
    )


async def gateway_answers(url: str) -> bool:
    """Whether a gateway accepts requests on this NATS server."""
    with suppress(NoRespondersError, NatsTimeoutError):
        async with open_nats(url) as client:
            await client.request("$SRV.PING.idexx-sync", timeout=1)
            return True
    return False


def _worker(queue: Queue, name: str, settings: Settings) -> Command:
    return Command(name=name, argv=worker_argv(queue, settings), stage=Stage.WORKERS)

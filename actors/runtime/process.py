"""What every process has: the database, the relay, and background tasks that run while it lives.

A process is built once, on the broker's event loop, and closed there: a worker's when Dramatiq boots it
(`actors.worker`), the gateway's when it starts (`actors.gateway.main`).
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Coroutine
from os import getpid
from typing import Any
from uuid import UUID

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from actors.dispatcher import Dispatcher
from actors.messages import Subjects
from actors.metrics import Metrics
from actors.observability import error_reports, tracing
from actors.outbox.events import Relay
from actors.outbox.webhooks import Deliveries
from actors.runtime.claim_heartbeats import ClaimHeartbeats
from actors.runtime.periodic import periodically, report_failure
from actors.runtime.work_context import WorkContext
from actors.settings import Settings
from broker import NatsBroker
from broker.primitives.event_log import EventLog
from engine.store.database import Database

log = structlog.get_logger(__name__)

#: How often a process measures its age and memory, in seconds.
MEASURE_INTERVAL = 5.0
#: Time after which a background task that has not ended is cancelled again, in seconds.
CANCEL_AGAIN = 2.0


class Runtime:
    """The resources that all actors of a process share. Open and close it on the broker's loop."""

    def __init__(
        self, settings: Settings, broker: NatsBroker, metrics: Metrics | None = None, kind: str = "command"
    ) -> None:
        """`kind` names the process in metrics. Without `metrics` nothing is counted."""
        self.settings = settings
        self.metrics = metrics or Metrics()
        self.kind = kind
        #: What the process still needs before it can take work; `/ready` shows it.
        self.not_ready = {"consumer"}
        self.broker = broker
        self.limits = settings.limits
        self.subjects = Subjects(settings.subject_prefix)
        self.name = f"{socket.gethostname()}/{getpid()}"
        observe = tracing.trace_statement if tracing.is_on() else None
        self.database = Database(
            settings.need_database_url(), pool_mode=settings.database_pool_mode, observe=observe
        )
        self.work_context = WorkContext(self.database)
        self.event_log = EventLog(
            broker.client,
            self.subjects.event_stream,
            [self.subjects.events],
            replicas=settings.nats_replicas,
        )
        self.deliveries = Deliveries(self.database, Dispatcher(broker, self.metrics.count_mailbox_rejection))
        self.relay = Relay(
            self.database, self.event_log, self.subjects, self.metrics, on_end=self.deliveries.send_of_sync
        )
        self.claim_heartbeats = ClaimHeartbeats(self.database, self.metrics.set_browser_dates)
        self.random = random.Random()  # noqa: S311 (jitter, not secrecy)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stops: Subscription | None = None

    async def open(self) -> None:
        await self.event_log.declare()
        client = await self.broker.client()
        self._stops = await client.subscribe(self.subjects.stop(), cb=self._on_stop)
        self.own(self.relay.run())
        self.own(periodically(self.claim_heartbeats.send, self.limits.date_heartbeat))
        self.own(periodically(self._measure, MEASURE_INTERVAL))

    def own(self, duty: Coroutine[Any, Any, None]) -> None:
        """Runs a coroutine until the process closes. It handles its own failures: see `periodically`."""
        task = asyncio.create_task(duty, name=getattr(duty, "__qualname__", "duty"))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(report_failure)

    async def stop_workers(self, sync_id: UUID) -> None:
        """Notifies every process that the sync has ended."""
        client = await self.broker.client()
        await client.publish(self.subjects.stop(sync_id), b"")

    async def close(self) -> None:
        """Ends the background tasks, publishes the events that are left, and closes the database."""
        tasks = list(self._tasks)
        ended = asyncio.gather(*tasks, return_exceptions=True)
        # Cancel again after a while: a cancellation can be lost, and then a task would never end.
        while not ended.done():
            for task in tasks:
                task.cancel()
            await asyncio.wait({ended}, timeout=CANCEL_AGAIN)
        try:
            async with asyncio.timeout(5):
                await self.relay.drain()
        except Exception as error:
            log.warning("events_not_published", error=str(error), hint="another process publishes them")
        await self.database.close()
        for last in (tracing.close, error_reports.close):
            await asyncio.to_thread(last)

    async def _measure(self) -> None:
        self.metrics.measure(self.kind)

    async def _on_stop(self, message: Msg) -> None:
        self.claim_heartbeats.stop(UUID(message.subject.rpartition(".")[2]))

"""A worker process: its broker, and the resources of its actors, opened when Dramatiq boots it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AsyncExitStack
from datetime import date
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from dramatiq import Broker, MessageProxy, Worker
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import Middleware

from actors.dispatcher import DATE_SCRAPER, NOTIFIER, Dispatcher
from actors.metrics import Metrics
from actors.observability import error_reports
from actors.runtime.periodic import periodically
from actors.runtime.presence import announce
from actors.runtime.process import Runtime
from actors.settings import Settings, SettingsError
from broker import LoopActors, NatsBroker
from engine.calendar_source import CalendarSource
from engine.dispatch import Span
from engine.errors import EngineError
from engine.failure import Failure, Reason
from engine.steps.give_up import give_up_dates
from engine.steps.scrape import ScrapeContext

if TYPE_CHECKING:
    from actors.notifier import Notifier

log = structlog.get_logger(__name__)

#: The exit status of a worker that cannot be opened: the command line's "NATS or database unreachable".
CANNOT_START = 6

#: How often a DateScraper measures the memory of its browser, in seconds.
BROWSER_INTERVAL = 10.0


class WorkerRuntime(Middleware):
    """Opens the process before its worker takes messages, and closes it after the last one."""

    def __init__(self, settings: Settings, broker: NatsBroker) -> None:
        self._settings = settings
        self._broker = broker
        broker.add_middleware(LoopActors(broker))
        self._metrics = Metrics.of_machine(settings)
        self.dispatcher = Dispatcher(broker, self._metrics.count_mailbox_rejection)
        self._process: Runtime | None = None
        self._portal: CalendarSource | None = None
        self._context: ScrapeContext | None = None
        self._notifier: Notifier | None = None
        self._wrong_keys: set[str] = set()
        #: Closes what is open, in reverse order.
        self._resources = AsyncExitStack()

    @property
    def process(self) -> Runtime:
        if self._process is None:
            raise RuntimeError("no worker has been booted in this process")
        return self._process

    @property
    def context(self) -> ScrapeContext:
        if self._context is None:
            raise RuntimeError(f"this worker was not booted for the queue {DATE_SCRAPER!r}")
        return self._context

    @property
    def notifier(self) -> Notifier:
        if self._notifier is None:
            raise RuntimeError(f"this worker was not booted for the queue {NOTIFIER!r}")
        return self._notifier

    def tell_wrong_key(self, error: str) -> None:
        """Logs once that this worker's key ring does not open a clinic's credentials."""
        if error not in self._wrong_keys:
            self._wrong_keys.add(error)
            log.error("worker_has_wrong_key", error=error, hint="this worker leaves the clinic's dates to others")

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Exits if the worker cannot be opened, so its supervisor tries again.

        Dramatiq would log the error and continue with actors that lack their resources.
        """
        try:
            self._broker.run(self._open(worker.consumer_whitelist or broker.get_declared_queues()))
        except Exception as error:
            expected = isinstance(error, SettingsError | EngineError | BrokerConnectionError)
            log.critical("worker_cannot_start", error=str(error), exc_info=not expected)
            raise SystemExit(CANNOT_START) from None

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self.process.not_ready.discard("consumer")
        log.info("worker_ready", queues=sorted(worker.consumer_whitelist or broker.get_declared_queues()))

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self.process.not_ready.add("consumer")

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._broker.run(self._resources.aclose())

    def after_nack(self, broker: Broker, message: MessageProxy) -> None:
        """Fails the dates of a message that was dead-lettered, and notifies the Coordinator."""
        if message.actor_name in ("scrape_date", "reconcile_date"):
            sync_id, day, days = (*message.args, 1)[:3]
            span = Span(date.fromisoformat(day), days, 0)
            error = message._exception or RuntimeError("it died of no exception")
            self._broker.run(self._give_up(UUID(sync_id), span, message.actor_name, error))

    async def _open(self, queues: Collection[str]) -> None:
        """Opens what these queues need. If a part cannot be opened, those before it are closed."""
        async with AsyncExitStack() as opened:
            await self._open_on(opened, queues)
            self._resources = opened.pop_all()

    async def _open_on(self, opened: AsyncExitStack, queues: Collection[str]) -> None:
        process = self._process = Runtime(self._settings, self._broker, self._metrics, "+".join(sorted(queues)))
        opened.push_async_callback(process.close)
        await process.open()
        await announce(process, queues)
        await self._show(opened, process)
        if NOTIFIER in queues:
            # Only a notifier needs an HTTP client.
            from actors.notifier import Notifier

            self._notifier = Notifier(process)
        if DATE_SCRAPER in queues:
            process.not_ready.add("browser")
            # Playwright is heavy, and only a DateScraper needs it.
            from actors.date_scraper.evidence import SyncEvidence
            from actors.date_scraper.portal import open_portal

            self._portal = await open_portal(process)
            opened.push_async_callback(self._portal.close)
            process.not_ready.discard("browser")
            process.metrics.set_browser_dates(0)
            process.own(periodically(self._weigh_browser, BROWSER_INTERVAL))
            self._context = ScrapeContext(
                database=process.database,
                portal=self._portal,
                vault=process.vault(),
                worker=process.name,
                limits=process.limits,
                hold=process.claim_heartbeats.hold,
                jitter=process.random.random,
                evidence=partial(SyncEvidence, process.database),
            )

    async def _weigh_browser(self) -> None:
        mebibytes = await self._portal.memory_mib() if self._portal else 0.0
        self._metrics.set_browser_memory(mebibytes * 2**20)

    async def _show(self, opened: AsyncExitStack, process: Runtime) -> None:
        if self._settings.worker_http_port is not None:
            # Only a worker with `WORKER_HTTP_PORT` needs a web server.
            from actors.http.listener import Listener

            listener = Listener.of_worker(process, self._settings.worker_http_port)
            opened.push_async_callback(listener.close)
            await listener.open()

    async def _give_up(self, sync_id: UUID, span: Span, actor: str, error: BaseException) -> None:
        failure = Failure(
            Reason.DELIVERIES_EXHAUSTED,
            f"the message {actor} was given up; `idexx-sync dlq list` shows it with its error",
        )
        about = await self.process.about.tags(sync_id, span.lead)
        log.error("date_given_up", actor=actor, **about)
        error_reports.report_death(error, actor=actor, **about)
        await give_up_dates(self.process.database, sync_id, span.dates, failure)
        await self.dispatcher.report(sync_id)

"""The DateScraper: reads a span of dates from the portal, and stores what it has seen of each.

A message `scrape_date` names a sync, the first date and the number of days. The step (`engine/steps/scrape.py`)
claims those dates in the database, and `actors/runtime/claim_heartbeats.py` keeps the claims alive. It calls the
portal through the browser that this process owns (`portal.py`), with the clinic's signed-in session, which all
machines share (`sessions.py`), and takes a token of the shared rate limit before each call (`rate_limiter.py`).
The result for a date is a complete snapshot, or a failure with its evidence (`evidence.py`); a portal failure is
never an exception here.

After the commit it sends one `reconcile_date` for all snapshots of the span, and notifies the Coordinator if other
dates wait. If another worker holds some of the dates, or this one lacks the clinic's key, the message is sent again
with a delay. Dramatiq's retries are for our own failures (a server is unavailable, a mailbox is full); after a
portal failure the Coordinator sends the date again, at the time that `engine/retry.py` decides. If the message is
dead-lettered, its dates fail (`actors/runtime/give_up.py`).

Only a worker that was booted for this queue imports Playwright and starts a browser.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from uuid import UUID

import dramatiq
import structlog
from dramatiq import MessageProxy

from actors.date_scraper.evidence import SyncEvidence
from actors.dispatcher import Dispatcher
from actors.metrics import Metrics
from actors.outbox.events import Relay
from actors.queues import DATE_SCRAPER
from actors.runtime.give_up import give_up_dates_of
from actors.runtime.periodic import periodically
from actors.runtime.process import Runtime
from actors.runtime.vault import open_vault
from actors.worker import WorkerRuntime
from engine.calendar_source import CalendarSource
from engine.failure import Failure, Reason
from engine.steps.look_up import look_up_appointments
from engine.steps.scrape import LEFT_FOR, ScrapeContext, scrape_dates
from engine.store.vault import Vault

log = structlog.get_logger(__name__)

#: How often a DateScraper measures the memory of its browser, in seconds.
BROWSER_INTERVAL = 10.0

#: Delay before a DateScraper retries a date that another worker holds, in seconds.
RETRY_AFTER = 3.0

#: Time that the actor may need beyond the time-out of a sync, in milliseconds.
TIME_LIMIT_MARGIN_MS = 60_000


def declare(worker: WorkerRuntime) -> None:
    """Declares the actors `scrape_date` and `look_up`, their resource, and the handler of dead-lettered messages.

    Look-ups whose message is dead-lettered are given up by the Coordinator, after a time.
    """
    scraper = worker.resource(DATE_SCRAPER, partial(open_scraper, dispatcher=worker.dispatcher))

    async def give_up(message: MessageProxy) -> None:
        process = worker.process
        await give_up_dates_of(message, process.database, process.work_context, worker.dispatcher)

    worker.on_dead_message("scrape_date", give_up)
    time_limit = worker.settings.sync_timeout_ms + TIME_LIMIT_MARGIN_MS

    @dramatiq.actor(broker=worker.broker, queue_name=DATE_SCRAPER, time_limit=time_limit)
    async def scrape_date(sync_id: str, day: str, days: int = 1, *, traceparent: str | None = None) -> None:
        sync, first_date = UUID(sync_id), date.fromisoformat(day)
        async with worker.process.work_context("scrape_date", sync, first_date, traceparent):
            await scraper.get().scrape(sync, first_date, days)

    @dramatiq.actor(broker=worker.broker, queue_name=DATE_SCRAPER, time_limit=time_limit)
    async def look_up(sync_id: str, *, traceparent: str | None = None) -> None:
        sync = UUID(sync_id)
        async with worker.process.work_context("look_up", sync, traceparent=traceparent):
            await scraper.get().look_up(sync)


class DateScraper:
    """Runs the step of a message, and sends the messages that follow."""

    def __init__(self, context: ScrapeContext, relay: Relay, dispatcher: Dispatcher, metrics: Metrics) -> None:
        self._context = context
        self._relay = relay
        self._dispatcher = dispatcher
        self._metrics = metrics
        self._logged_left: set[str] = set()

    async def scrape(self, sync_id: UUID, first_date: date, days: int) -> None:
        """Commits, then sends. Raises `Unavailable` or `BrokerConnectionError`; then the message is retried."""
        done = await scrape_dates(self._context, sync_id, first_date, days)
        if done.clinic_id is not None:
            self._relay.poke(done.clinic_id)
        await self._dispatcher.reconcile_dates(sync_id, done.reconcile)
        if done.coordinate:
            await self._dispatcher.report(sync_id)
        if done.left is not None:
            self._log_left(done.left)
        if done.retry_later:
            after = RETRY_AFTER if done.left is None else LEFT_FOR
            await self._dispatcher.scrape_dates_later(sync_id, first_date, days, after)

    async def look_up(self, sync_id: UUID) -> None:
        """Looks up a sync's missing appointments, then notifies the Coordinator."""
        done = await look_up_appointments(self._context, sync_id)
        if done.retry_later:
            await self._dispatcher.look_up(sync_id, after=LEFT_FOR)
        else:
            await self._dispatcher.report(sync_id)

    async def measure_browser(self) -> None:
        """Records the memory of the browser."""
        self._metrics.set_browser_memory(await self._context.portal.memory_mib() * 2**20)

    def _log_left(self, failure: Failure) -> None:
        """Logs once that this worker has another key ring, or another default portal, than a clinic's credentials."""
        if failure.message not in self._logged_left:
            self._logged_left.add(failure.message)
            variable = "IDEXX_BASE_URL" if failure.reason is Reason.WRONG_PORTAL else "ENCRYPTION_KEY"
            log.error(
                f"worker_has_{'wrong_portal' if failure.reason is Reason.WRONG_PORTAL else 'wrong_key'}",
                error=failure.message,
                hint=f"this worker skips the clinic's dates; give it the same {variable} as the others",
            )


@asynccontextmanager
async def open_scraper(process: Runtime, dispatcher: Dispatcher) -> AsyncIterator[DateScraper]:
    """Starts the browser, and closes it after the body. The process is not ready before it runs."""
    process.not_ready.add("browser")
    # Only a DateScraper needs Playwright, which is large.
    from actors.date_scraper.portal import open_portal, shared_sessions

    settings, client, vault = process.settings, await process.broker.client(), open_vault(process.settings)
    sessions = shared_sessions(settings, client, process.database, vault, process.name)
    portal = await open_portal(settings, client, sessions, process.metrics)
    try:
        process.not_ready.discard("browser")
        process.metrics.set_browser_dates(0)
        scraper = DateScraper(_context(process, portal, vault), process.relay, dispatcher, process.metrics)
        process.own(periodically(scraper.measure_browser, BROWSER_INTERVAL))
        yield scraper
    finally:
        await portal.close()


def _context(process: Runtime, portal: CalendarSource, vault: Vault) -> ScrapeContext:
    return ScrapeContext(
        database=process.database,
        portal=portal,
        vault=vault,
        worker=process.name,
        limits=process.settings.limits,
        hold=process.claim_heartbeats.hold,
        watch=process.claim_heartbeats.watch,
        jitter=process.random.random,
        evidence=partial(SyncEvidence, process.database),
        default_portal=process.settings.idexx_base_url,
    )

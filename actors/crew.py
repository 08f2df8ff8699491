"""A worker process: its broker, and what its actors work with, opened when Dramatiq boots it."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from dramatiq import Broker, MessageProxy, Worker
from dramatiq.middleware import Middleware

from actors.mail import DATE_SCRAPER, Mail
from actors.processes import Process
from actors.settings import Settings
from broker import LoopActors, NatsBroker
from engine.failure import Failure, Reason
from engine.give_up import give_up_date
from engine.scrape import Desk

if TYPE_CHECKING:
    from engine.portal import Portal

log = structlog.get_logger(__name__)


class Crew(Middleware):
    """Opens the process before its worker takes messages, and closes it after the last one."""

    def __init__(self, settings: Settings, broker: NatsBroker) -> None:
        self._settings = settings
        self._broker = broker
        broker.add_middleware(LoopActors(broker))
        self.mail = Mail(broker)
        self._process: Process | None = None
        self._portal: Portal | None = None
        self._desk: Desk | None = None

    @property
    def process(self) -> Process:
        if self._process is None:
            raise RuntimeError("no worker has been booted in this process")
        return self._process

    @property
    def desk(self) -> Desk:
        if self._desk is None:
            raise RuntimeError(f"this worker was not booted for the queue {DATE_SCRAPER!r}")
        return self._desk

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._broker.run(
            self._open(scrapes=worker.consumer_whitelist is None or DATE_SCRAPER in worker.consumer_whitelist)
        )

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        log.info("worker_ready", queues=sorted(worker.consumer_whitelist or broker.get_declared_queues()))

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._broker.run(self._close())

    def after_nack(self, broker: Broker, message: MessageProxy) -> None:
        """A message about a date has died: so has the date, and the Coordinator is told."""
        if message.actor_name in ("scrape_date", "reconcile_date"):
            sync_id, day = message.args
            self._broker.run(self._give_up(UUID(sync_id), date.fromisoformat(day), message.actor_name))

    async def _open(self, scrapes: bool) -> None:
        process = self._process = Process(self._settings, self._broker)
        await process.open()
        if scrapes:
            # Playwright is heavy, and only a DateScraper needs it.
            from actors.evidence import SyncEvidence
            from actors.scraper import open_portal

            self._portal = await open_portal(process)
            self._desk = Desk(
                database=process.database,
                portal=self._portal,
                vault=process.vault(),
                worker=process.name,
                limits=process.limits,
                hold=process.holds.hold,
                chance=process.random.random,
                evidence=partial(SyncEvidence, process.database),
            )

    async def _close(self) -> None:
        if self._portal is not None:
            await self._portal.close()
        if self._process is not None:
            await self._process.close()

    async def _give_up(self, sync_id: UUID, day: date, actor: str) -> None:
        failure = Failure(
            Reason.DELIVERIES_EXHAUSTED,
            f"the message {actor} was given up; `idexx-sync dlq list` shows it with its error",
        )
        log.error("date_given_up", sync_id=str(sync_id), date=day.isoformat(), actor=actor)
        await give_up_date(self.process.database, sync_id, day, failure)
        await self.mail.coordinate(sync_id)

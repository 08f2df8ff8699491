"""Stores a requested sync and starts it, for requests of clients and of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog
from dramatiq.errors import BrokerConnectionError

from actors.dispatcher import Dispatcher
from actors.outbox.events import Relay
from actors.requests import SyncCommand
from broker import MailboxFull
from engine.clinic import Clinic
from engine.dates import work_order
from engine.store.clinics import check_can_sign_in
from engine.store.database import Connection
from engine.store.syncs.admission import Admission, admit
from engine.store.syncs.reading import database_time
from engine.sync import Limits, SyncRequest, SyncStatus

log = structlog.get_logger(__name__)


class AdmissionControl:
    """Admits syncs: `check_room`, then `admit` in a transaction, then `set_going` after its commit."""

    def __init__(
        self, limits: Limits, relay: Relay, dispatcher: Dispatcher, default_portal: str | None = None
    ) -> None:
        """`default_portal`: the address of clinics without their own; None: this process was not given it."""
        self._limits = limits
        self._default_portal = default_portal
        self._relay = relay
        self._dispatcher = dispatcher

    async def check_room(self) -> None:
        """Raises `Unavailable` if no Coordinator could be notified of one more sync."""
        await self._dispatcher.check_room()

    async def admit(self, connection: Connection, clinic: Clinic, command: SyncCommand) -> Admission:
        """Stores a sync, started or queued. Raises an `EngineError` if the request cannot be carried out."""
        today = clinic.today(await database_time(connection))
        dates = command.dates(today)
        await check_can_sign_in(connection, clinic, self._default_portal)
        request = SyncRequest(clinic.id, dates, command.request_id, command.dry_run)
        return await admit(connection, request, work_order(dates, today), self._limits)

    async def set_going(self, clinic: Clinic, admission: Admission) -> None:
        """Publishes the recorded events and notifies the Coordinator; a repeated request needs neither."""
        if not admission.is_new:
            return
        log.info("sync_accepted", clinic=clinic.slug, sync_id=str(admission.sync_id), status=admission.status)
        self._relay.poke(clinic.id)
        await self.coordinate([admission.sync_id] if admission.status is SyncStatus.IN_PROGRESS else [])

    async def coordinate(self, started: Sequence[UUID]) -> None:
        """Notifies the Coordinator. A failure is only logged: the sweep finds the stored syncs."""
        for sync_id in started:
            try:
                await self._dispatcher.coordinate(sync_id)
            except (MailboxFull, BrokerConnectionError) as error:
                log.warning(
                    "coordinator_not_notified",
                    sync_id=str(sync_id),
                    error=str(error),
                    hint="the sweep for stalled syncs sends the message",
                )

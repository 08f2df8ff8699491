"""The commands of the NATS interface: each method takes a clinic's slug and a payload and returns the reply.

A command that cannot be carried out raises an `EngineError`, which the service turns into a refusal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog

from actors.gateway.admission import AdmissionControl
from actors.gateway.feeds import FeedCommands
from actors.gateway.offer import OfferCommands
from actors.gateway.overview import Overview
from actors.messages import ALL, Subjects
from actors.outbox.events import Relay
from actors.requests import (
    Decision,
    EventsQuery,
    PlanQuery,
    Request,
    StatusQuery,
    SyncCommand,
    SyncReference,
    parse,
)
from actors.settings import Settings
from actors.views import sync_view
from actors.views.clinics import one_clinic
from engine.clinic import Clinic
from engine.errors import BadRequest, WrongState
from engine.steps import decide_removals
from engine.steps.cancel import cancel
from engine.store.clinics import find_clinic
from engine.store.database import Connection, Database
from engine.store.syncs.dates import dates_of
from engine.store.syncs.events import events_after
from engine.store.syncs.reading import find_by_start, get_sync, list_syncs, queue_position
from engine.sync import Sync, SyncStatus

log = structlog.get_logger(__name__)

#: Changes of a plan in one reply: keeps the reply far below the message size limit.
PLAN_PAGE = 500

Command = Callable[[str, bytes], Awaitable[dict[str, Any]]]
Decide = Callable[[Database, Clinic, UUID, int | None], Awaitable[int]]


class Commands:
    def __init__(
        self,
        settings: Settings,
        database: Database,
        relay: Relay,
        stop_workers: Callable[[UUID], Awaitable[None]],
        admission: AdmissionControl,
        overview: Overview,
    ) -> None:
        """`stop_workers` is called with a sync that was cancelled."""
        self._settings = settings
        self._database = database
        self._relay = relay
        self._stop_workers = stop_workers
        self._admission = admission
        self._overview = overview
        self._offer = OfferCommands(database)
        self._feeds = FeedCommands(database)
        self._subjects = Subjects(settings.subject_prefix)

    def by_verb(self) -> dict[str, Command]:
        return {
            "sync": self.sync,
            "cancel": self.cancel,
            "status": self.status,
            "events": self.events,
            "plan": self.plan,
            "overview": self.overview,
            "free": self.free,
            "why": self.why,
            "snapshot": self.snapshot,
            "changes": self.changes,
            "approve": self.approve,
            "reject": self.reject,
        }

    async def sync(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Stores a sync, started or queued."""
        command = parse(SyncCommand, payload)
        await self._admission.check_room()
        async with self._database.transaction() as connection:
            clinic = await find_clinic(connection, slug)
            admission = await self._admission.admit(connection, clinic, command)
        await self._admission.set_going(clinic, admission)
        return {
            "ok": True,
            "sync_id": admission.sync_id,
            "status": admission.status,
            "position": admission.position,
            "is_new": admission.is_new,
            "events": self._subjects.sync_event(clinic.slug, admission.sync_id),
        }

    async def cancel(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Cancels a queued or running sync; repeating it does no harm."""
        sync_id = parse(SyncReference, payload).sync_id
        async with self._database.connection() as connection:
            clinic = await find_clinic(connection, slug)
        settings = self._settings
        done = await cancel(self._database, clinic, sync_id, settings.limits, settings.removal_limit)
        if done.changed:
            log.info("sync_cancelled", clinic=slug, sync_id=str(sync_id))
            await self._stop_workers(sync_id)
            self._relay.poke(clinic.id)
            await self._admission.coordinate(done.started)
        return {"ok": True, "sync_id": sync_id, "status": SyncStatus.CANCELLED}

    async def approve(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Carries out the removals that a sync holds back."""
        return await self._decide(slug, payload, decide_removals.approve, "approved")

    async def reject(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Drops the removals that a sync holds back."""
        return await self._decide(slug, payload, decide_removals.reject, "rejected")

    async def _decide(self, slug: str, payload: bytes, decide: Decide, decision: str) -> dict[str, Any]:
        command = parse(Decision, payload)
        sync_id = command.sync_id
        async with self._database.connection() as connection:
            clinic = await find_clinic(connection, slug)
        count = await decide(self._database, clinic, sync_id, command.removals)
        log.info(f"removals_{decision}", clinic=slug, sync_id=str(sync_id), removals=count)
        self._relay.poke(clinic.id)
        return {"ok": True, "sync_id": sync_id, "status": decision, "removals": count}

    async def status(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns a sync with its dates, or the clinic's latest one, and the clinic's freshness.

        A client that knows a sync's id, or its start, but not its clinic sends the request to `_all`.
        """
        query = parse(StatusQuery, payload)
        async with self._database.connection() as connection:
            clinic, sync = await _asked_for(connection, slug, query)
            about = await one_clinic(connection, clinic)
            if sync is None:
                return {"ok": True, "clinic": about, "sync": None}
            dates, position = await dates_of(connection, sync.id), await queue_position(connection, sync.id)
            return {"ok": True, "clinic": about, "sync": sync_view(sync, dates, position)}

    async def events(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns a sync's events after a number, for clients that join late and may not read the stream."""
        query = parse(EventsQuery, payload)
        async with self._database.connection() as connection:
            clinic = await find_clinic(connection, slug)
            sync = await get_sync(connection, query.sync_id, clinic.id)
            found = await events_after(connection, sync.id, query.after_seq)
        return {"ok": True, "sync_id": sync.id, "status": sync.status, "events": found}

    async def plan(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns one page of what a dry run would have changed: kinds, ids, dates and times."""
        query = parse(PlanQuery, payload)
        async with self._database.connection() as connection:
            clinic = await find_clinic(connection, slug)
            sync = await get_sync(connection, query.sync_id, clinic.id)
        if sync.plan is None:
            raise WrongState(f"sync {sync.id} has no plan: only a completed dry run has one")
        page = sync.plan[query.after : query.after + PLAN_PAGE]
        return {"ok": True, "sync_id": sync.id, "total": len(sync.plan), "plan": page}

    async def overview(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns a clinic and its syncs; for `_all`, everything that the console shows."""
        parse(Request, payload)
        return await self._overview.read(slug)

    async def free(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns what a clinic can offer."""
        return await self._offer.free(slug, payload)

    async def why(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns why a clinic can offer a start, or why not."""
        return await self._offer.why(slug, payload)

    async def snapshot(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns what a feed of the clinic holds."""
        return await self._feeds.snapshot(slug, payload)

    async def changes(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns the changes of a feed after a position."""
        return await self._feeds.changes(slug, payload)


async def _asked_for(connection: Connection, slug: str, query: StatusQuery) -> tuple[Clinic, Sync | None]:
    """Returns the sync that the query names, or the clinic's latest one (None if it never had one), and its clinic."""
    if query.sync_id is not None and query.id_start is not None:
        raise BadRequest("id_start: give either sync_id or id_start")
    clinic = None if slug == ALL else await find_clinic(connection, slug)
    clinic_id = clinic.id if clinic else None
    if query.sync_id is not None:
        sync = await get_sync(connection, query.sync_id, clinic_id)
    elif query.id_start is not None:
        sync = await find_by_start(connection, query.id_start, clinic_id)
    elif clinic is None:
        raise BadRequest(f"sync_id: sync_id or id_start is required when the clinic is {ALL}")
    else:
        return clinic, next(iter(await list_syncs(connection, clinic.id, 1)), None)
    return clinic or await find_clinic(connection, str(sync.clinic_id)), sync

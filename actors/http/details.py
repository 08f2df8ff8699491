"""What the pages of one clinic, one sync and one date show, each by one request.

Read from PostgreSQL, like a day of the calendar: names never go over NATS. Without the right `names` the responses
have times and ids, and no evidence.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.http import detail_views as views
from actors.http import requests
from actors.http.caller import Caller, caller_of
from actors.http.responses import answer
from actors.views import sync_view
from actors.views.clinics import all_clinics
from engine.api_key import Right
from engine.attention import attention_view
from engine.clinic import Clinic
from engine.errors import BadRequest
from engine.store.actions import list_actions
from engine.store.attention import attention
from engine.store.bookings import list_bookings
from engine.store.clinics import find_clinic
from engine.store.database import Connection, Database
from engine.store.evidence import evidence_of, one_evidence
from engine.store.offer import day_of
from engine.store.offer_changes import offers_of_date
from engine.store.reconciling import changes_on_date, held_removals
from engine.store.syncs.dates import dates_of
from engine.store.syncs.events import events_after
from engine.store.syncs.reading import attempts_of_date, database_time, get_sync, list_syncs, queue_position


class Details:
    """The endpoints."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        return [
            Route("/idexx/clinic", self.clinic, methods=["GET"]),
            Route("/idexx/sync", self.sync, methods=["GET"]),
            Route("/idexx/date", self.date, methods=["GET"]),
            Route("/idexx/evidence", self.evidence, methods=["GET"]),
            Route("/idexx/screenshot", self.screenshot, methods=["GET"]),
        ]

    async def clinic(self, request: Request) -> Response:
        caller, asked = caller_of(request), requests.clinic_id(request)
        async with self._reading(asked) as (connection, clinic, now):
            rows = await all_clinics(connection)
            items = await attention(connection, clinic.id)
            syncs = [sync_view(sync) for sync in await list_syncs(connection, clinic.id, 20)]
            bookings = await list_bookings(connection, clinic)
            actions = await list_actions(connection, clinic.id)
        return answer(
            {
                **_head(caller, now),
                "clinic": next(row for row in rows if row["id"] == clinic.id),
                "attention": [attention_view(item) for item in items],
                "syncs": syncs,
                "bookings": [views.booking(one, caller) for one in bookings if one.needs_attention],
                "actions": [views.action(one) for one in actions],
            }
        )

    async def sync(self, request: Request) -> Response:
        caller, asked = caller_of(request), requests.clinic_id(request)
        sync_id = requests.parameter_sync_id(request)
        async with self._reading(asked) as (connection, clinic, now):
            sync = await get_sync(connection, sync_id, clinic.id)
            dates, position = await dates_of(connection, sync.id), await queue_position(connection, sync.id)
            events = await events_after(connection, sync.id, 0)
            held = [] if sync.dry_run else await held_removals(connection, sync.id)
            evidence = await evidence_of(connection, clinic.id, sync_id=sync.id)
            actions = await list_actions(connection, clinic.id, sync_id=sync.id)
        return answer(
            {
                **_head(caller, now),
                "clinic": views.clinic(clinic),
                "sync": sync_view(sync, dates, position),
                "events": events,
                "held": [views.held_removal(one, caller) for one in held],
                "evidence": views.evidence(evidence, caller),
                "actions": [views.action(one) for one in actions],
            }
        )

    async def date(self, request: Request) -> Response:
        caller, asked, day = caller_of(request), requests.clinic_id(request), requests.day(request)
        at, column = requests.clock_time(request), requests.column(request)
        if day is None:
            raise BadRequest("date: is missing; give a date, such as date=2026-03-01")
        async with self._reading(asked) as (connection, clinic, now):
            known = await day_of(connection, clinic.id, day, now)
            attempts = await attempts_of_date(connection, clinic.id, day)
            changes = await changes_on_date(connection, clinic.id, day, at=at, column=column)
            offers = await offers_of_date(connection, clinic.id, day, at)
            evidence = await evidence_of(connection, clinic.id, day=day)
        names = {one.id: one.name for one in known.columns}
        return answer(
            {
                **_head(caller, now),
                "clinic": views.clinic(clinic),
                "date": day,
                "read_at": known.read_at,
                "doubt": known.doubt,
                "attempts": attempts,
                "changes": [views.change(one, names, caller) for one in changes],
                "offers": offers,
                "evidence": views.evidence(evidence, caller),
            }
        )

    async def evidence(self, request: Request) -> Response:
        found = await self._evidence(request)
        return answer({"ok": True, "evidence": found | {"has_screenshot": found.pop("screenshot") is not None}})

    async def screenshot(self, request: Request) -> Response:
        picture = (await self._evidence(request))["screenshot"]
        if picture is None:
            return Response(status_code=204)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(picture, headers=headers, media_type="image/png")

    async def _evidence(self, request: Request) -> dict[str, Any]:
        caller_of(request).require(Right.NAMES)
        asked, evidence_id = requests.clinic_id(request), requests.evidence_id(request)
        async with self._database.connection() as connection:
            clinic = await find_clinic(connection, asked)
            return await one_evidence(connection, clinic.id, evidence_id)

    @asynccontextmanager
    async def _reading(self, asked: str) -> AsyncIterator[tuple[Connection, Clinic, datetime]]:
        """One state of the database for a whole response."""
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection, await find_clinic(connection, asked), await database_time(connection)


def _head(caller: Caller, now: datetime) -> dict[str, Any]:
    return {"ok": True, "at": now, "caller": views.caller(caller)}

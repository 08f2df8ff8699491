"""The endpoints that act: cancel a sync, decide on held removals, decide on a booking. Each needs the right `act`.

A browser of another site can send none of these requests: the key is in a header, which no browser adds by itself,
the body is JSON, and a request that a browser marks as one of another origin is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TypeVar
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.http import requests
from actors.http.action_bodies import BookingBody, CancelBody, RemovalsBody
from actors.http.caller import caller_of
from actors.http.nats_client import NatsClient
from actors.http.responses import answer
from actors.runtime.action_log import ActionLog, Recorded
from engine.action import Source, Verb
from engine.api_key import Right
from engine.store.bookings import Decided, confirm_booking, release_booking, settle_booking
from engine.store.clinics import find_clinic
from engine.store.database import Database

Body = TypeVar("Body", CancelBody, RemovalsBody, BookingBody)

_DECIDE: Mapping[Verb, Callable[..., Awaitable[Decided]]] = {
    Verb.SETTLE: settle_booking,
    Verb.CONFIRM: confirm_booking,
    Verb.RELEASE: release_booking,
}


class Acting:
    """The endpoints."""

    def __init__(self, nats_client: NatsClient, database: Database, action_log: ActionLog) -> None:
        self._nats_client = nats_client
        self._database = database
        self._action_log = action_log

    def routes(self) -> list[Route]:
        return [
            Route("/idexx/cancel", self.cancel, methods=["POST"]),
            Route("/idexx/removals", self.removals, methods=["POST"]),
            Route("/idexx/booking", self.booking, methods=["POST"]),
        ]

    async def cancel(self, request: Request) -> Response:
        body = await _body(request, CancelBody)
        async with self._recorded(request, body.clinic_id, Verb.CANCEL, sync_id=body.sync_id) as recorded:
            asked = {"sync_id": body.sync_id}
            reply = await self._nats_client.ask("cancel", body.clinic_id, asked, action=recorded.id)
        return answer(reply)

    async def removals(self, request: Request) -> Response:
        body = await _body(request, RemovalsBody)
        async with self._recorded(request, body.clinic_id, body.decision, sync_id=body.sync_id) as recorded:
            asked = {"sync_id": body.sync_id, "removals": body.removals}
            reply = await self._nats_client.ask(body.decision, body.clinic_id, asked, action=recorded.id)
            recorded.replied(reply)
        return answer(reply)

    async def booking(self, request: Request) -> Response:
        body = await _body(request, BookingBody)
        recorded = self._recorded(request, body.clinic_id, body.decision, booking_id=body.booking_id)
        async with recorded, self._database.transaction() as connection:
            clinic = await find_clinic(connection, body.clinic_id)
            await _DECIDE[body.decision](connection, str(body.booking_id), clinic.id)
        return answer({"ok": True, "booking_id": body.booking_id, "status": body.decision})

    def _recorded(
        self, request: Request, clinic: str, verb: Verb, **about: UUID
    ) -> AbstractAsyncContextManager[Recorded]:
        return self._action_log.recorded(Source.HTTP, caller_of(request).name, clinic, verb, **about)


async def _body(request: Request, model: type[Body]) -> Body:
    caller_of(request).require(Right.ACT)
    body = await requests.json_body(request, model)
    caller_of(request).require_clinic(body.clinic_id)
    return body

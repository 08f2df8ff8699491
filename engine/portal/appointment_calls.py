"""Asks for single appointments by their ids: whether one is gone, has moved, or was hidden by the calendar."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from engine.failure import FATAL_FOR_SYNC, PortalFailure, Reason
from engine.lookups import Lookup, LookupOutcome, Lookups
from engine.portal.config_calls import ABSENT
from engine.portal.response import PortalResponse, read_json
from engine.portal.signed_in_context import SignedInContext
from engine.portal.statuses import normalise
from engine.portal.times import read_span

APPOINTMENT_PATH = "/appointments/getAppointment"

#: Calls at the same time.
AT_ONCE = 3

#: Longest reason that is stored.
MAX_REASON = 200

#: Failures that concern one id only; after any other, no further id is asked for.
OF_ONE_ID = frozenset(
    {Reason.PORTAL_CHANGED, Reason.BAD_ANSWER, Reason.PORTAL_UNAVAILABLE, Reason.CONNECTION_LOST}
)

NO_SUCH = Lookup(LookupOutcome.UNKNOWN, "the portal has no such appointment, or no such call")


class AppointmentCalls:
    """The calls of one sync. `found` holds the answers so far, even if the calls are interrupted."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._ended = False
        self.calls = 0
        self.found: dict[str, Lookup] = {}

    async def ask(self, signed_in: SignedInContext, ids: Sequence[str], known: str | None) -> Lookups:
        """Asks for the appointments. `known` is an id that the calendar shows.

        If the first id is not known and `known` is not either, the portal lacks the call.
        """
        first, *others = ids
        await self._ask(signed_in, first)
        if self.found[first] is NO_SUCH and known is not None and await self._look_up(signed_in, known) is NO_SUCH:
            return Lookups(self.found, self.calls, lacks_call=True)
        turns = asyncio.Semaphore(AT_ONCE)

        async def in_turn(one: str) -> None:
            async with turns:
                await self._ask(signed_in, one)

        async with asyncio.TaskGroup() as group:
            for one in others:
                group.create_task(in_turn(one))
        return Lookups(self.found, self.calls)

    async def _ask(self, signed_in: SignedInContext, one: str) -> None:
        if not self._ended:
            self.found[one] = await self._look_up(signed_in, one)

    async def _look_up(self, signed_in: SignedInContext, one: str) -> Lookup:
        self.calls += 1
        try:
            return await look_up(signed_in, one, self._zone)
        except PortalFailure as error:
            failure = error.failure
            if failure.reason in FATAL_FOR_SYNC or failure.reason not in OF_ONE_ID:
                self._ended = True
            return Lookup(LookupOutcome.UNKNOWN, f"{failure.reason}: {failure.message}")


async def look_up(signed_in: SignedInContext, asked: str, zone: tzinfo) -> Lookup:
    """Asks for one appointment by its id. Raises `PortalFailure`."""

    def understand(answer: PortalResponse, now: datetime) -> Lookup:
        return read_appointment(answer, now, asked, zone)

    return await signed_in.read(APPOINTMENT_PATH, {"id": asked}, understand)


def read_appointment(answer: PortalResponse, now: datetime, asked: str, zone: tzinfo) -> Lookup:
    """What the answer says of the appointment. Anything but the known form proves nothing."""
    if answer.status in ABSENT:
        return NO_SUCH
    try:
        value = read_json(answer, now)
    except PortalFailure as error:
        if error.failure.reason is Reason.BAD_ANSWER and "html" in answer.content_type:
            return NO_SUCH  # a page of the portal, which some portals return for every unknown address
        raise
    appointment = value.get("appointment") if isinstance(value, dict) else None
    if not isinstance(appointment, dict):
        return _unknown_form("no appointment is in it")
    if not _is_same(appointment.get("id"), asked):
        return _unknown_form("its id is not the one that was asked for")
    if not isinstance(is_deleted := appointment.get("deleted"), bool):
        return _unknown_form("`deleted` is not true or false")
    if is_deleted:
        return Lookup(LookupOutcome.GONE, "deleted")
    if (why := _cancelled(appointment)) is not None:
        return Lookup(LookupOutcome.GONE, why)
    try:
        starts, ends = read_span(str(appointment["startAtLocal"]), str(appointment["endAtLocal"]), zone)
    except (KeyError, ValueError, OverflowError):
        return _unknown_form("`startAtLocal` and `endAtLocal` are not times")
    return Lookup(LookupOutcome.LIVE, None, starts, ends)


def _unknown_form(why: str) -> Lookup:
    return Lookup(LookupOutcome.UNKNOWN, f"the answer has an unknown form: {why}")


def _is_same(shown: Any, asked: str) -> bool:
    return isinstance(shown, str | int) and not isinstance(shown, bool) and str(shown).strip() == asked


def _cancelled(appointment: dict[str, Any]) -> str | None:
    """Why the appointment was cancelled; None if it was not."""
    reason, status = appointment.get("cancelledReason"), appointment.get("status")
    if isinstance(reason, str) and (said := reason.replace("\0", "").strip()):
        return f"cancelled: {said[:MAX_REASON]}"
    is_cancelled = isinstance(status, str) and normalise(status) == "cancelled"
    return "cancelled" if is_cancelled else None
